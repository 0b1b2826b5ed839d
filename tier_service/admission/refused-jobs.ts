// The API server may refuse a pod although the quota has room, because its own count lags. The Job controller then
// waits 1, 2, 4, … up to 60 s before it tries again. A change of the Job's spec makes it try at once; the job keeps its
// place, and nobody sees anything of it.
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { jobPath } from '../state/job-paths.ts';

export interface RefusedJobsOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  hasRoomFor: (record: JobRecord) => boolean;
  /** How long a resumed Job may be without a pod before it is woken; doubled each time, up to 30 s. */
  firstWaitMs?: number;
  /** Told of each request that failed, unless its Job had changed or gone meanwhile. */
  onFault?: ((error: KubernetesError) => void) | undefined;
}

/** Wakes resumed Jobs that have got no pod. Gives a function that ends it. */
export function startWakingRefusedJobs({
  cluster,
  index,
  hasRoomFor,
  firstWaitMs = 1_500,
  onFault,
}: RefusedJobsOptions): () => void {
  const waits = new WeakMap<JobRecord, { dueAt: number; waitMs: number }>();

  async function wake(record: JobRecord): Promise<void> {
    try {
      await cluster.patch(jobPath(record), wakingPatch(record), { type: 'json' });
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      // 404, 409 and 422 (the guard): it changed meanwhile. Whatever it was, the next turn sees.
      if (![404, 409, 422].includes(error.status)) onFault?.(error);
    }
  }

  const timer = setInterval(() => {
    const now = performance.now();
    for (const record of index.starting) {
      if (record.pod) {
        waits.delete(record);
        continue;
      }
      const wait = waits.get(record);
      if (!wait) {
        waits.set(record, { dueAt: now + firstWaitMs, waitMs: firstWaitMs });
      } else if (now >= wait.dueAt && hasRoomFor(record)) {
        const waitMs = Math.min(30_000, wait.waitMs * 2);
        waits.set(record, { dueAt: now + waitMs, waitMs });
        void wake(record);
      }
    }
  }, 500);
  return () => clearInterval(timer);
}

/**
 * Changes of the spec what matters least: the finished Job is kept a second longer, or shorter again. In Kubernetes
 * 1.36 the Job controller's `updateJob` passes over its back-off for any new generation of a Job.
 */
function wakingPatch({ uid, job }: JobRecord) {
  const { ttlSecondsAfterFinished: ttl = 0 } = job.spec!;
  const path = '/spec/ttlSecondsAfterFinished';
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/spec/suspend', value: false },
    { op: 'test', path, value: ttl },
    { op: 'replace', path, value: ttl % 2 === 0 ? ttl + 1 : ttl - 1 },
  ];
}
