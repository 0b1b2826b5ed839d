/** What the grader interface knows of the cluster's pods, kept in memory by one watch. */
import type { ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { startWatchCache } from '@ml-job-mesh/cluster-client';
import { PodTable } from './pod-table.ts';
import { keepOfPod, newestSucceededPod, type WatchedPod } from './watched-pod.ts';

export type PodWatch = ReturnType<typeof startPodWatch>;

/** Ends each watch early, so that a connection that died without a word is noticed within seconds. */
const WATCH_SECONDS = 2;

export interface PodWatchOptions {
  /** Told of each fault that the watch recovered from. */
  onFault?: (error: KubernetesError) => void;
  /** Told how many pods were found to be wrong, after they have been put right. */
  onDrift?: (pods: number) => void;
}

/** Watches all pods of all namespaces. */
export function startPodWatch(cluster: ClusterConnection, options: PodWatchOptions = {}) {
  const table = new PodTable();
  const pods = startWatchCache<WatchedPod>(cluster, {
    path: '/api/v1/pods',
    keep: keepOfPod,
    watchSeconds: WATCH_SECONDS,
    ...options,
  });
  pods.on('change', (type, { metadata, spec, status }) => {
    const namespace = metadata?.namespace ?? '';
    const name = metadata?.name ?? '';
    if (type === 'deleted') table.delete(namespace, name);
    else {
      const node = spec?.nodeName ?? null;
      table.set({ node, ip: status?.podIP ?? null, namespace, name, status: status?.phase ?? 'Unknown' });
    }
  });

  return {
    /** Whether the pods have been listed once. */
    hasSynced: pods.hasSynced,
    /** For how long the pods may have been out of date, in milliseconds; 0 while the watch is healthy. */
    staleForMs: pods.staleForMs,
    /** How many pods there are. */
    size: pods.size,
    /** The JSON text `{"pods":[…]}`, in UTF-8. */
    json: () => table.render(),
    /** The newest Succeeded pod of a namespace whose name starts with the prefix. */
    newestSucceeded: (namespace: string, prefix: string) => newestSucceededPod(pods.values(), namespace, prefix),
    stop: () => pods.stop(),
  };
}
