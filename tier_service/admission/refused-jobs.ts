// The API server may refuse a pod although the quota has room, because its own count lags. The Job controller then
// waits 1, 2, 4, … up to 60 s before it tries again. Suspending and resuming the Job makes it try at once, and the
// job keeps its place meanwhile.
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import type { JobIndex, JobRecord } from '../records/job-index.ts';
import { jobPath } from '../state/job-paths.ts';

export interface RefusedJobsOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  hasRoomFor: (record: JobRecord) => boolean;
  /** How long a resumed Job may be without a pod before it is woken; doubled each time, up to 30 s. */
  firstWaitMs?: number;
}

/** Wakes resumed Jobs that have got no pod. Gives a function that ends it. */
export function startWakingRefusedJobs({
  cluster,
  index,
  hasRoomFor,
  firstWaitMs = 1_500,
}: RefusedJobsOptions): () => void {
  const waits = new WeakMap<JobRecord, { dueAt: number; waitMs: number }>();

  async function wake(record: JobRecord): Promise<void> {
    try {
      if (!record.job.spec?.suspend) await setSuspended(cluster, record, true);
      await setSuspended(cluster, record, false);
    } catch (error) {
      // It changed meanwhile, or the API server is away: the next turn sees which.
      if (!(error instanceof KubernetesError)) throw error;
    }
  }

  const timer = setInterval(() => {
    const now = performance.now();
    for (const record of index.starting) {
      if (record.pod) continue;
      const wait = waits.get(record);
      if (!wait) {
        waits.set(record, { dueAt: now + firstWaitMs, waitMs: firstWaitMs });
      } else if (now >= wait.dueAt && (record.job.spec?.suspend || hasRoomFor(record))) {
        const waitMs = Math.min(30_000, wait.waitMs * 2);
        waits.set(record, { dueAt: now + waitMs, waitMs });
        void wake(record);
      }
    }
  }, 500);
  return () => clearInterval(timer);
}

function setSuspended(cluster: ClusterConnection, record: JobRecord, suspend: boolean): Promise<unknown> {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: record.uid },
    { op: 'test', path: '/spec/suspend', value: !suspend },
    { op: 'replace', path: '/spec/suspend', value: suspend },
  ];
  return cluster.patch(jobPath(record), patch, { type: 'json' });
}
