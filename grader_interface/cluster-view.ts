/** The cluster as `/cluster` shows it: who has what of which node, and how much of each quota is used. */
import type { V1ResourceQuota } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { label } from '@ml-job-mesh/tier-service/state/annotations.ts';
import { problemsOf, type WatchedNode } from './watched-node.ts';
import type { WatchedPod } from './watched-pod.ts';

/** A node, and what pods may ask of it, all of them together. */
export interface NodeView {
  name: string;
  cpu_millis: number;
  memory_bytes: number;
  ready: boolean;
  /** Whether new pods are put there; an operator may have cordoned it. */
  schedulable: boolean;
  problems: { condition: string; reason: string; message: string }[];
}

/** A pod that has not ended, and what it asks for. */
export interface PodView {
  node: string | null;
  namespace: string;
  /** `null` for a job of another client. */
  name: string | null;
  status: string;
  /** Whose job it is; `null` for a pod that is no job. */
  tier: string | null;
  cpu_millis: number;
  memory_bytes: number;
}

/** One line of a ResourceQuota; `used` and `hard` are Kubernetes quantities. */
export interface QuotaView {
  namespace: string;
  name: string;
  resource: string;
  used: string;
  hard: string;
  /** Used of hard, from 0; `null` where nothing is allowed. */
  share: number | null;
}

export interface ClusterView {
  nodes: NodeView[];
  pods: PodView[];
  /** How many pods have ended and are kept for their logs. */
  ended_pods: number;
  quotas: QuotaView[];
}

export interface ClusterObjects {
  nodes: Iterable<WatchedNode>;
  pods: Iterable<WatchedPod>;
  quotas: Iterable<V1ResourceQuota>;
}

/** @param showsName whether a pod's name may be shown; one that is a job tells of its client's business */
export function viewCluster(objects: ClusterObjects, showsName: (pod: WatchedPod) => boolean): ClusterView {
  const pods = [...objects.pods];
  const live = pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  return {
    nodes: sortedBy([...objects.nodes].map(viewNode), ({ name }) => name),
    pods: sortedBy(
      live.map((pod) => viewPod(pod, showsName(pod))),
      ({ node, namespace, name }) => `${node ?? ''}\0${namespace}\0${name ?? ''}`,
    ),
    ended_pods: pods.length - live.length,
    quotas: sortedBy([...objects.quotas].flatMap(viewQuota), ({ namespace, name }) => `${namespace}\0${name}`),
  };
}

function viewNode(node: WatchedNode): NodeView {
  const { cpu = '0', memory = '0' } = node.status?.allocatable ?? {};
  const problems = problemsOf(node);
  return {
    name: node.metadata?.name ?? '',
    cpu_millis: scaledValue(cpu, -3),
    memory_bytes: scaledValue(memory),
    ready: !problems.some(({ type }) => type === 'Ready'),
    schedulable: node.spec?.unschedulable !== true,
    problems: problems.map(({ type, reason = '', message = '' }) => ({ condition: type, reason, message })),
  };
}

function viewPod({ metadata, spec, status }: WatchedPod, showsName: boolean): PodView {
  return {
    node: spec?.nodeName ?? null,
    namespace: metadata?.namespace ?? '',
    name: showsName ? (metadata?.name ?? '') : null,
    status: status?.phase ?? 'Unknown',
    tier: metadata?.labels?.[label.tier] ?? null,
    cpu_millis: spec?.cpuMillis ?? 0,
    memory_bytes: spec?.memoryBytes ?? 0,
  };
}

function viewQuota({ metadata, status }: V1ResourceQuota): QuotaView[] {
  const { hard = {}, used = {} } = status ?? {};
  return Object.keys(hard)
    .sort()
    .map((resource) => {
      const most = scaledValue(hard[resource]!, -3);
      const taken = used[resource] ?? '0';
      return {
        namespace: metadata?.namespace ?? '',
        name: metadata?.name ?? '',
        resource,
        used: taken,
        hard: hard[resource]!,
        share: most > 0 ? Math.round((scaledValue(taken, -3) / most) * 1_000) / 1_000 : null,
      };
    });
}

function sortedBy<T>(items: T[], keyOf: (item: T) => string): T[] {
  const keyed = items.map((item) => ({ key: keyOf(item), item }));
  return keyed
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ item }) => item);
}
