/** The cluster as it is, and as it changes: written once for all who read, or once for each client where jobs are their own. */
import type { V1ResourceQuota } from '@kubernetes/client-node';
import { type ClusterConnection, type KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import { createEventReaders, eventBytes, problem, type ServiceError } from '@ml-job-mesh/http-service';
import { viewCluster } from './cluster-view.ts';
import type { PodWatch } from './pod-watch.ts';
import { keepOfNode, type WatchedNode } from './watched-node.ts';
import { clientOf } from './watched-pod.ts';

export type ClusterFeed = ReturnType<typeof startClusterFeed>;

/** Ends each watch early, so that a connection that died without a word is noticed within seconds. */
const watchSeconds = 2;
/** What is known may be this old before nothing is said. */
const maxStaleMs = 1_000;

export interface ClusterFeedOptions {
  pods: Pick<PodWatch, 'values' | 'onChange' | 'staleForMs'>;
  /** Whether each client sees the names of its own jobs only. */
  separatesClients?: boolean;
  /** How often changes are told at most, in milliseconds. */
  changesMs?: number;
  heartbeatMs?: number;
  /** Gives, for what is watched, what is told of each fault that the watch recovered from. */
  onFault?: (during: string) => (error: KubernetesError) => void;
  /** Gives, for what is watched, what is told how many objects were found to be wrong. */
  onDrift?: (watched: string) => (objects: number) => void;
}

/** Watches the nodes and the quotas, and tells of them and of the pods. */
export function startClusterFeed(cluster: ClusterConnection, options: ClusterFeedOptions) {
  const { pods, separatesClients = false, changesMs = 500, heartbeatMs, onFault, onDrift } = options;
  const nodes = startWatchCache<WatchedNode>(cluster, {
    path: '/api/v1/nodes',
    keep: keepOfNode,
    watchSeconds,
    onFault: onFault?.('node watch'),
    onDrift: onDrift?.('nodes'),
  });
  const quotas = startWatchCache<V1ResourceQuota>(cluster, {
    path: '/api/v1/resourcequotas',
    watchSeconds,
    onFault: onFault?.('quota watch'),
    onDrift: onDrift?.('quotas'),
  });
  const watched = { pods, nodes, quotas };
  const readers = createEventReaders({ snapshotFor: (client) => eventOf(jsonFor(client)), heartbeatMs });
  const kept = new Map<string, { version: number; json: string }>();
  const told = new Map<string, string>();
  let version = 0;
  let toldVersion = 0;
  let isStale = false;

  function jsonFor(client: string): string {
    const key = separatesClients ? client : '';
    const before = kept.get(key);
    if (before?.version === version) return before.json;
    const objects = { nodes: nodes.values(), pods: pods.values(), quotas: quotas.values() };
    const json = JSON.stringify(
      viewCluster(objects, (pod) => !separatesClients || [undefined, client].includes(clientOf(pod))),
    );
    kept.set(key, { version, json });
    return json;
  }

  /** What keeps the cluster from being known, a 503; undefined while it is known. */
  function staleness(): ServiceError | undefined {
    for (const [name, { staleForMs }] of Object.entries(watched)) {
      const staleMs = staleForMs();
      if (staleMs <= maxStaleMs) continue;
      const why = Number.isFinite(staleMs)
        ? `the watch on the ${name} is broken`
        : `the ${name} have not been listed yet`;
      return problem('not_ready', why, { retryAfterSeconds: 1 });
    }
    return undefined;
  }

  function tell(): void {
    if (readers.size() === 0) {
      kept.clear();
      told.clear();
      return;
    }
    const stale = staleness();
    if (stale && !isStale) readers.send(eventBytes('stale', JSON.stringify(stale.toProblem())));
    if (!stale && isStale) readers.sendSnapshots();
    isStale = stale !== undefined;
    if (version === toldVersion) return;
    toldVersion = version;
    const clients = readers.clients();
    for (const client of [...kept.keys(), ...told.keys()]) {
      if (clients.has(client)) continue;
      kept.delete(client);
      told.delete(client);
    }
    for (const client of clients) {
      const json = jsonFor(client);
      if (told.get(client) === json) continue;
      told.set(client, json);
      readers.send(eventOf(json), (reader) => reader === client);
    }
  }

  const changed = () => void version++;
  const stops = [pods.onChange(changed), nodes.on('change', changed), quotas.on('change', changed)];
  const timer = setInterval(tell, changesMs);

  return {
    staleness,
    /** The JSON text of `/cluster`, as one client sees it. */
    jsonFor,
    /** Those who read `/cluster/events`. */
    readers,
    /** Ends the streams, and the watches. */
    stop(): void {
      clearInterval(timer);
      readers.close();
      for (const stop of stops) stop();
      nodes.stop();
      quotas.stop();
    },
  };
}

const eventOf = (json: string) => eventBytes('cluster', json);
