import type { ClusterConnection, WatchCache } from '@ml-job-mesh/cluster-client';
import { type Clients, type EventReaders, problem, type ServiceError } from '@ml-job-mesh/http-service';
import type { WaitingReasons } from './admission/waiting-reasons.ts';
import type { JobLogs } from './logs/job-logs.ts';
import type { JobIndex } from './records/job-index.ts';
import type { JobRecord } from './records/job-record.ts';
import type { KnownJob, Pod, ResourceQuota } from './state/kubernetes-objects.ts';
import type { createSubmitter } from './submission/submit-job.ts';
import type { Tier } from './tier.ts';
import type { EventHub } from './views/event-hub.ts';
import type { Job } from './views/job-view.ts';

/** What the routes are given: the tier's values, the cluster, and what is known of its jobs. */
export interface TierContext {
  tier: Tier;
  cluster: ClusterConnection;
  index: JobIndex;
  hub: EventHub;
  /** Those who read the events of all jobs. */
  listReaders: EventReaders;
  /** What is read of the jobs' logs. */
  logs: JobLogs;
  reasons: WaitingReasons;
  /** How many jobs the quota lets run at a time; undefined where nothing limits them. */
  places: () => number | undefined;
  /** A job as clients are shown it now. */
  view: (record: JobRecord) => Job;
  submit: ReturnType<typeof createSubmitter>;
  clients: Clients;
  jobWatches: WatchCache<KnownJob>[];
  podWatches: WatchCache<Pod>[];
  /** The ResourceQuotas of the first namespace; undefined for a tier that does not queue. */
  quotaWatch: WatchCache<ResourceQuota> | undefined;
}

type Watches = Pick<TierContext, 'jobWatches' | 'podWatches' | 'quotaWatch'>;

/** For how long what is known may have been out of date, in milliseconds; 0 while every watch is healthy. */
export function staleForMs({ jobWatches, podWatches, quotaWatch }: Watches): number {
  return Math.max(
    ...[...jobWatches, ...podWatches, ...(quotaWatch ? [quotaWatch] : [])].map((watch) => watch.staleForMs()),
  );
}

/** What a client is told while the memory may be out of date, a 503; undefined while it is not. */
export function staleness(context: Watches): ServiceError | undefined {
  const staleMs = staleForMs(context);
  if (staleMs === 0) return undefined;
  const refused = withoutAccess(context);
  if (refused) return refused;
  const since = Number.isFinite(staleMs) ? `for ${Math.ceil(staleMs / 1_000)} s` : 'since this service started';
  const detail = `the Kubernetes API has not been heard from ${since}`;
  return problem('cluster_unavailable', detail, { retryAfterSeconds: 2 });
}

/**
 * To be called before anything is answered from memory.
 * @throws ServiceError 503 while the memory may be out of date
 */
export function requireFresh(context: Watches): void {
  const stale = staleness(context);
  if (stale) throw stale;
}

/**
 * What a client is told where the API server answers but does not let this service see its Jobs: whoever deletes a
 * namespace deletes the service's role in it, too. Undefined where that is not so.
 * @param within the only namespace that matters; any if left out
 */
export function withoutAccess({ jobWatches, podWatches }: Pick<Watches, 'jobWatches' | 'podWatches'>, within?: string) {
  const refused = [...jobWatches, ...podWatches].find(
    (watch) => watch.fault()?.status === 403 && (within === undefined || namespaceOf(watch.path) === within),
  );
  if (!refused) return undefined;
  const namespace = namespaceOf(refused.path);
  const detail = `the Kubernetes API does not let this service see the namespace ${namespace}: it was deleted, or the service's role in it was`;
  return problem('not_ready', detail, { retryAfterSeconds: 5 });
}

function namespaceOf(path: string): string | undefined {
  return /\/namespaces\/([^/]+)/.exec(path)?.[1];
}
