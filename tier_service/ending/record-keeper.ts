// Writes on each Job how it ended, so that the result outlives the pod, sees to those that can never start, and clears
// the oldest records when there are too many. Several replicas may do so at once: every write is guarded by what it
// was made from, and says the same.

import { setTimeout } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { annotation } from '../state/annotations.ts';
import { jobPath, podsPath } from '../state/job-paths.ts';
import { isUnexplained } from '../state/job-state.ts';
import { hasEnded } from '../state/job-status.ts';
import { isJobOver, type Pod } from '../state/kubernetes-objects.ts';
import { writeOutcome } from '../state/outcome.ts';
import { deleteJob } from './end-job.ts';
import { startEndingLogs } from './ending-logs.ts';
import { startEndingStuckJobs } from './stuck-jobs.ts';

export interface RecordKeeperOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  /** How many finished jobs are kept; the oldest beyond go. */
  maxFinished: number;
  /** How long a pod may be unable to start before its job counts as failed. */
  stuckAfterMs?: number | undefined;
  onFault?: (error: unknown) => void;
}

/** Starts to keep records. Gives a function that ends it. */
export function startRecordKeeper(options: RecordKeeperOptions): () => void {
  const { cluster, index, maxFinished, stuckAfterMs, onFault } = options;
  const due = new Set<JobRecord>();
  /** The version of its Job that a record was written to; the watch shows the next one within moments. */
  const writtenTo = new WeakMap<JobRecord, string | undefined>();
  const stopped = new AbortController();
  const logs = startEndingLogs({ cluster, index });
  let isWorking = false;

  function needsOutcome(record: JobRecord): boolean {
    const { job, state } = record;
    if (!hasEnded(state.status) || !isJobOver(job)) return false;
    const { annotations, resourceVersion } = job.metadata!;
    return annotations?.[annotation.outcome] === undefined && writtenTo.get(record) !== resourceVersion;
  }

  /** The Job may be seen to end before its pod: what is written is final, so the pod is asked for itself. */
  async function lookForPod({ namespace, uid }: JobRecord): Promise<void> {
    const query = { labelSelector: `batch.kubernetes.io/controller-uid=${uid}` };
    const { items } = await cluster.get<{ items: Pod[] }>(podsPath(namespace), { query });
    for (const pod of items) index.applyPod('modified', pod);
  }

  async function keep(record: JobRecord): Promise<void> {
    if (index.get(record.id) !== record || !needsOutcome(record)) return;
    if (isUnexplained(record.state)) await lookForPod(record);
    const { resourceVersion, uid } = record.job.metadata!;
    const log = await logs.of(record);
    const annotations = { [annotation.outcome]: writeOutcome(record.state), ...(log && { [annotation.log]: log }) };
    await cluster.patch(jobPath(record), { metadata: { uid, resourceVersion, annotations } });
    writtenTo.set(record, resourceVersion);
  }

  /** One job after the other; a fault is waited out, and a job that changed meanwhile comes back by itself. */
  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
    for (const record of due) {
      due.delete(record);
      try {
        await keep(record);
        await prune();
        backoff.reset();
      } catch (error) {
        const isKubernetes = error instanceof KubernetesError;
        const isOvertaken = isKubernetes && (error.status === 404 || error.status === 409);
        if (!isOvertaken && !stopped.signal.aborted) onFault?.(error);
        if (isKubernetes && !isOvertaken) due.add(record);
        await setTimeout(backoff.nextMs(), undefined, { signal: stopped.signal }).catch(() => undefined);
      }
      if (stopped.signal.aborted) break;
    }
    isWorking = false;
  }

  async function prune(): Promise<void> {
    const excess = index.finished.slice(0, Math.max(0, index.finished.length - maxFinished));
    for (const record of excess) await deleteJob(cluster, record);
  }

  const stopListening = index.onChange((record, change) => {
    if (change === 'progress' || change === 'removed') return;
    if (!needsOutcome(record) && index.finished.length <= maxFinished) return;
    due.add(record);
    void work();
  });
  const stopEndingStuck = startEndingStuckJobs({ cluster, index, stuckAfterMs, onFault });

  return () => {
    stopped.abort();
    stopListening();
    logs.stop();
    stopEndingStuck();
  };
}
