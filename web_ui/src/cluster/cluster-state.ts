/** The cluster as the page knows it, from the stream of its events. */
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import type { ClusterView, NodeView, PodView, QuotaView } from '../../../grader_interface/cluster-view.ts';
import type { LiveResource } from '../live/live-resource.ts';

export type { ClusterView, NodeView, PodView, QuotaView };

export interface ClusterState extends ClusterView {
  /** Why what is shown may be out of date; undefined while it is not. */
  stale: { title: string; detail: string } | undefined;
}

/** The stream of the cluster's events; each tells the whole. */
export const clusterEvents: LiveResource<ClusterState> = {
  path: '/cluster/events',
  reduce(state, { event, data }) {
    if (event === 'cluster') return { ...JSON.parse(data), stale: undefined };
    if (event === 'stale' && state) return { ...state, stale: JSON.parse(data) };
    return state;
  },
};

/** A node with the pods on it. */
export interface NodeWithPods {
  node: NodeView;
  groups: PodGroup[];
  cpuMillis: number;
  memoryBytes: number;
}

/** The pods of one namespace on one node: jobs first, they come and go. */
export interface PodGroup {
  namespace: string;
  pods: PodView[];
}

/** Each node with what is on it, and the pods that have no node yet. */
export function arrangePods({ nodes, pods }: ClusterView): { nodes: NodeWithPods[]; unplaced: PodGroup[] } {
  const byNode = Map.groupBy(pods, ({ node }) => node);
  const known = new Set(nodes.map(({ name }) => name));
  return {
    nodes: nodes.map((node) => {
      const own = byNode.get(node.name) ?? [];
      return {
        node,
        groups: groupPods(own),
        cpuMillis: sum(own.map(({ cpu_millis: cpu }) => cpu)),
        memoryBytes: sum(own.map(({ memory_bytes: memory }) => memory)),
      };
    }),
    unplaced: groupPods(pods.filter(({ node }) => node === null || !known.has(node))),
  };
}

/** Namespaces with jobs come first, then the others by name. */
function groupPods(pods: PodView[]): PodGroup[] {
  const groups = [...Map.groupBy(pods, ({ namespace }) => namespace)].map(([namespace, own]) => ({
    namespace,
    pods: own,
  }));
  const hasJobs = ({ pods }: PodGroup) => pods.some(({ tier }) => tier !== null);
  return groups.sort((a, b) => Number(hasJobs(b)) - Number(hasJobs(a)) || a.namespace.localeCompare(b.namespace));
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** What a node or a pod has of processors, `0.9 CPU`, `2 CPU`, `0.005 CPU`. */
export const formatCpu = (millis: number): string => `${Number((millis / 1_000).toFixed(millis < 100 ? 3 : 2))} CPU`;

/** Memory, `1.5 GiB`, `512 MiB`. */
export function formatMemory(bytes: number): string {
  const mebibytes = bytes / 1_024 ** 2;
  if (mebibytes < 1_024) return `${Math.round(mebibytes)} MiB`;
  return `${Number((mebibytes / 1_024).toFixed(1))} GiB`;
}

/** How much of a quota is used, with its unit: `1.8 of 2 CPU`, `640 MiB of 4 GiB`, `3 of 20`. */
export function describeUse({ resource, used, hard }: Pick<QuotaView, 'resource' | 'used' | 'hard'>): string {
  if (resource.endsWith('cpu')) return `${toCpus(used)} of ${toCpus(hard)} CPU`;
  const [from, to] = [used, hard].map((quantity) => quantity.replace(/^(\d+)([KMGT]i)$/, '$1 $2B'));
  return `${from} of ${to}`;
}

/** `1800m` as `1.8`; other quantities of processors are written as numbers already. */
const toCpus = (quantity: string) =>
  /^\d+m$/.test(quantity) ? String(Number.parseInt(quantity, 10) / 1_000) : quantity;

/** The job that a pod belongs to, by the pod's name; undefined for a pod that is none, or another client's. */
export function jobOfPod({ name, tier }: PodView): string | undefined {
  return tier === null ? undefined : name?.replace(/-[a-z0-9]{5}$/, '');
}

/** The quotas of one namespace; a resource of which nothing is allowed is only named. */
export interface NamespaceQuotas {
  namespace: string;
  rows: QuotaView[];
  none: string[];
}

/** Quotas by namespace, those of jobs apart. */
export function arrangeQuotas(quotas: QuotaView[]): { ofJobs: NamespaceQuotas[]; others: NamespaceQuotas[] } {
  const all = [...Map.groupBy(quotas, ({ namespace }) => namespace)]
    .map(([namespace, own]) => ({
      namespace,
      rows: own.filter(({ share }) => share !== null),
      none: own.filter(({ share }) => share === null).map(({ resource }) => resource),
    }))
    .sort((a, b) => a.namespace.localeCompare(b.namespace));
  const isOfJobs = ({ namespace }: NamespaceQuotas) => tierNames.some((tier) => namespace === `${tier}-service`);
  return { ofJobs: all.filter(isOfJobs), others: all.filter((each) => !isOfJobs(each)) };
}
