// What a tier sees of its cluster: its Jobs, the pods beside them, and the quotas that hold it.
import { type ClusterConnection, type KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import { keepJob, readKeptJob } from './records/kept-job.ts';
import { label } from './state/annotations.ts';
import { jobsPath, podsPath } from './state/job-paths.ts';
import type { KnownJob, Pod, ResourceQuota } from './state/kubernetes-objects.ts';
import { jobNamespaces, type Tier } from './tier.ts';

export interface TierWatchOptions {
  /** Gives, for what is watched, what is told when a watch breaks. */
  onFault: (during: string) => (error: KubernetesError) => void;
  /** Gives, for what is watched, what is told how many objects were found to be wrong. */
  onDrift: (watched: string) => (objects: number) => void;
  watchSeconds?: number | undefined;
}

/** Starts to watch the namespaces of a tier, and the quotas of one that queues. */
export function startTierWatches(tier: Tier, cluster: ClusterConnection, options: TierWatchOptions) {
  const { onFault, onDrift, watchSeconds } = options;
  const isQueued = tier.admission === 'queued';
  const labelSelector = `${label.tier}=${tier.name}`;
  const namespaces = jobNamespaces(tier);
  const jobWatches = namespaces.map((namespace) =>
    startWatchCache<KnownJob>(cluster, {
      path: jobsPath(namespace),
      labelSelector,
      keep: keepJob,
      readBinary: readKeptJob,
      watchSeconds,
      onFault: onFault('job watch'),
      onDrift: onDrift('jobs'),
    }),
  );
  // A quota counts every pod of its namespace; where there is none, only the tier's own matter.
  const podWatches = namespaces.map((namespace) =>
    startWatchCache<Pod>(cluster, {
      path: podsPath(namespace),
      ...(!isQueued && { labelSelector }),
      watchSeconds,
      onFault: onFault('pod watch'),
      onDrift: onDrift('pods'),
    }),
  );
  const quotaWatch = isQueued
    ? startWatchCache<ResourceQuota>(cluster, {
        path: `/api/v1/namespaces/${namespaces[0]}/resourcequotas`,
        watchSeconds,
        onFault: onFault('quota watch'),
        onDrift: onDrift('quotas'),
      })
    : undefined;
  return { jobWatches, podWatches, quotaWatch };
}
