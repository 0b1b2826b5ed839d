// Ends Jobs whose pod can never start, with the reason as their record: Kubernetes would try for ever.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { annotation } from '../state/annotations.ts';
import { explainStuck } from '../state/failure.ts';
import { writeOutcome } from '../state/outcome.ts';
import { endJob } from './end-job.ts';

const lookMs = 1_000;

export interface StuckJobsOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  /** How long a pod may be unable to start before its job counts as failed. */
  stuckAfterMs?: number | undefined;
  onFault?: ((error: unknown) => void) | undefined;
}

/** Starts to look for them. Gives a function that ends it. */
export function startEndingStuckJobs(options: StuckJobsOptions): () => void {
  const { cluster, index, stuckAfterMs = 20_000, onFault } = options;
  const stuckSince = new WeakMap<JobRecord, number>();

  async function endStuck(): Promise<void> {
    for (const record of [...index.starting]) {
      const failure = explainStuck(record.pod);
      if (!failure) {
        stuckSince.delete(record);
        continue;
      }
      const since = stuckSince.get(record) ?? performance.now();
      stuckSince.set(record, since);
      if (performance.now() - since < stuckAfterMs) continue;
      const finishedAt = new Date(cluster.now()).toISOString();
      const outcome = writeOutcome({ status: 'failed', startedAt: null, finishedAt, result: null, error: failure });
      await endJob(cluster, record, { [annotation.outcome]: outcome }).catch((error) => onFault?.(error));
    }
  }

  const timer = setInterval(() => void endStuck(), lookMs);
  return () => clearInterval(timer);
}
