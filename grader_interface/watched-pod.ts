import type { KubernetesObject } from '@kubernetes/client-node';
import { podAmounts } from '@ml-job-mesh/tier-service/admission/resources.ts';
import { annotation, label } from '@ml-job-mesh/tier-service/state/annotations.ts';

/** The few fields of a pod that the grader interface looks at. */
export interface WatchedPod extends KubernetesObject {
  spec?: {
    nodeName?: string | undefined;
    containers: { name: string }[];
    /** What it asks of its node, its containers and sidecars together. */
    cpuMillis?: number;
    memoryBytes?: number;
  };
  status?: {
    phase?: string | undefined;
    podIP?: string | undefined;
    containerStatuses?: { state?: { terminated?: { finishedAt?: string | undefined } } }[] | undefined;
  };
}

/** A copy of a pod without all that is never looked at: about 300 bytes of several thousand. */
export function keepOfPod({ metadata, spec, status }: WatchedPod): WatchedPod {
  const { name, namespace, creationTimestamp, resourceVersion, labels, annotations } = metadata ?? {};
  const tier = labels?.[label.tier];
  const client = annotations?.[annotation.client];
  const { cpu: cpuMillis = 0, memory = 0 } = spec ? podAmounts(spec) : {};
  return {
    metadata: {
      ...{ name, namespace, creationTimestamp, resourceVersion },
      ...(tier && { labels: { [label.tier]: tier } }),
      ...(client && { annotations: { [annotation.client]: client } }),
    } as NonNullable<WatchedPod['metadata']>,
    spec: {
      nodeName: spec?.nodeName,
      containers: (spec?.containers ?? []).map((container) => ({ name: container.name })),
      cpuMillis,
      memoryBytes: Math.ceil(memory / 1_000),
    },
    status: {
      phase: status?.phase,
      podIP: status?.podIP,
      containerStatuses: status?.containerStatuses?.map(({ state }) => ({
        state: { terminated: { finishedAt: state?.terminated?.finishedAt } },
      })),
    },
  };
}

/** Whose job a pod is: the name of a client, empty for a job of nobody's; undefined for a pod that is no job. */
export function clientOf({ metadata }: WatchedPod): string | undefined {
  if (metadata?.labels?.[label.tier] === undefined) return undefined;
  return metadata.annotations?.[annotation.client] ?? '';
}

/**
 * The Succeeded pod that was created last. Kubernetes counts both times in whole seconds, so of pods created in the
 * same second the one that finished last is taken, and of those the one that changed last, by the order of resource
 * versions, which Kubernetes defines from 1.35 on.
 */
export function newestSucceededPod(
  pods: Iterable<WatchedPod>,
  namespace: string,
  namePrefix: string,
): WatchedPod | undefined {
  let newest: WatchedPod | undefined;
  for (const pod of pods) {
    if (pod.metadata?.namespace !== namespace || pod.status?.phase !== 'Succeeded') continue;
    if (!pod.metadata.name?.startsWith(namePrefix)) continue;
    if (!newest || comparePods(pod, newest) > 0) newest = pod;
  }
  return newest;
}

function comparePods(a: WatchedPod, b: WatchedPod): number {
  return (
    createdAtMs(a) - createdAtMs(b) ||
    finishedAtMs(a) - finishedAtMs(b) ||
    compareVersions(a.metadata?.resourceVersion, b.metadata?.resourceVersion)
  );
}

function createdAtMs({ metadata }: WatchedPod): number {
  return metadata?.creationTimestamp ? new Date(metadata.creationTimestamp).getTime() : 0;
}

function finishedAtMs({ status }: WatchedPod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''));
  return Math.max(0, ...ends.filter((end) => !Number.isNaN(end)));
}

/** Decimal numbers of any length, without leading zeros. */
function compareVersions(a = '', b = ''): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
