/** What the grader interface knows of the cluster's pods, kept in memory by one watch. */
import type { ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { startWatchCache } from '@ml-job-mesh/cluster-client';
import { PodTable } from './pod-table.ts';
import { clientOf, keepOfPod, newestSucceededPod, type WatchedPod } from './watched-pod.ts';

export type PodWatch = ReturnType<typeof startPodWatch>;

/** Ends each watch early, so that a connection that died without a word is noticed within seconds. */
const WATCH_SECONDS = 2;

export interface PodWatchOptions {
  /** Whether each client sees its own jobs only, instead of all. */
  separatesClients?: boolean;
  /** Told of each fault that the watch recovered from. */
  onFault?: (error: KubernetesError) => void;
  /** Told how many pods were found to be wrong, after they have been put right. */
  onDrift?: (pods: number) => void;
}

/** Watches all pods of all namespaces. */
export function startPodWatch(cluster: ClusterConnection, options: PodWatchOptions = {}) {
  const { separatesClients = false, ...faults } = options;
  /** The pods that everybody sees, and beside them each client's jobs. */
  const common = new PodTable();
  const own = new Map<string, PodTable>();

  function tableOf(pod: WatchedPod): PodTable {
    const client = separatesClients ? clientOf(pod) : undefined;
    if (client === undefined) return common;
    const table = own.get(client) ?? new PodTable();
    own.set(client, table);
    return table;
  }

  const pods = startWatchCache<WatchedPod>(cluster, {
    path: '/api/v1/pods',
    keep: keepOfPod,
    watchSeconds: WATCH_SECONDS,
    ...faults,
  });
  pods.on('change', (type, pod, previous) => {
    const { metadata, spec, status } = pod;
    const namespace = metadata?.namespace ?? '';
    const name = metadata?.name ?? '';
    if (previous && tableOf(previous) !== tableOf(pod)) tableOf(previous).delete(namespace, name);
    if (type === 'deleted') tableOf(pod).delete(namespace, name);
    else {
      const node = spec?.nodeName ?? null;
      tableOf(pod).set({ node, ip: status?.podIP ?? null, namespace, name, status: status?.phase ?? 'Unknown' });
    }
  });

  return {
    /** Whether the pods have been listed once. */
    hasSynced: pods.hasSynced,
    /** For how long the pods may have been out of date, in milliseconds; 0 while the watch is healthy. */
    staleForMs: pods.staleForMs,
    values: pods.values,
    /** Calls the listener on every change from now on; what it returns ends that. */
    onChange: (listener: () => void) => pods.on('change', listener),
    /** How many pods there are. */
    size: pods.size,
    /** The JSON text `{"pods":[…]}`, in UTF-8; of jobs, where clients are kept apart, only this client's. */
    json(client = ''): Buffer {
      const table = own.get(client);
      return separatesClients && table ? PodTable.renderTogether([common, table]) : common.render();
    },
    /** The newest Succeeded pod of a namespace whose name starts with the prefix, this client's where they are kept apart. */
    newestSucceeded(namespace: string, prefix: string, client = ''): WatchedPod | undefined {
      const seen = separatesClients ? [...pods.values()].filter((pod) => clientOf(pod) === client) : pods.values();
      return newestSucceededPod(seen, namespace, prefix);
    },
    stop: () => pods.stop(),
  };
}
