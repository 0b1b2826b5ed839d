// Gives free places to the jobs that wait, oldest first. It holds no state that the cluster does not: several
// replicas may run it at once, and any of them may stop at any moment.
import { type ClusterConnection, createBackoff, KubernetesError, type WatchCache } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { acceptedAt, annotation } from '../state/annotations.ts';
import { jobPath } from '../state/job-paths.ts';
import type { Pod } from '../state/kubernetes-objects.ts';
import { createLivePods } from './live-pods.ts';
import type { QuotaSource } from './quota-scopes.ts';
import { startWakingRefusedJobs } from './refused-jobs.ts';
import { type Amounts, addAmounts, podAmounts } from './resources.ts';
import { hasRoom } from './room.ts';

export interface AdmissionOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  pods: WatchCache<Pod>;
  /** The quotas that count the pods of its Jobs. */
  quotas: QuotaSource;
  now?: () => Date;
  onAdmitted?: (record: JobRecord, waitedMs: number) => void;
  onFault?: (error: KubernetesError, record: JobRecord) => void;
  /** Told of each fault of a request to wake a Job whose pod was refused. */
  onWakeFault?: (error: KubernetesError) => void;
}

/**
 * How long the pod of a resumed Job is waited for before the next Job is resumed, where several places are free: the
 * Job controller's workers would otherwise overtake each other. A pod is there after 10 to 50 ms, unless it is refused.
 */
const podGraceMs = 250;

/** Starts to admit jobs, on every change that may have made room for one. */
export function startAdmission(options: AdmissionOptions) {
  const { cluster, index, pods, quotas, now = () => new Date(cluster.now()), onAdmitted, onFault } = options;
  const { onWakeFault } = options;
  /** Jobs that this replica resumed, until the watch shows it. */
  const resuming = new Map<string, JobRecord>();
  const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
  const livePods = createLivePods(() => cluster.now());
  let isScheduled = false;
  let pausedUntil = 0;
  let resumedAt = Number.NEGATIVE_INFINITY;
  let turn: NodeJS.Timeout | undefined;
  let isStopped = false;

  /** Jobs that are resumed or about to be, and whose pod has not been seen. */
  function withoutPod(): JobRecord[] {
    return [...new Set([...index.starting, ...resuming.values()])].filter(({ pod }) => !pod);
  }

  function reserved(): Amounts {
    return withoutPod().reduce((sum: Amounts, record) => addAmounts(sum, askOf(record)), {});
  }

  /** The first that waits and is not being resumed already. */
  function nextInQueue(): JobRecord | undefined {
    return index.queue.find(({ uid }) => !resuming.has(uid));
  }

  function roomFor(record: JobRecord, taken: Amounts): boolean {
    return hasRoom(askOf(record), { quotas: quotas.values(), livePods: livePods.amounts(), reserved: taken });
  }

  function admit(): void {
    isScheduled = false;
    if (isStopped || !pods.hasSynced() || !quotas.hasSynced()) return;
    const pausedMs = pausedUntil - performance.now();
    if (pausedMs > 0) {
      lookAgainIn(pausedMs);
      return;
    }
    const next = nextInQueue();
    if (!next) return;
    if (!roomFor(next, reserved())) {
      const endMs = livePods.nextEndMs();
      if (endMs !== undefined) lookAgainIn(endMs);
      return;
    }
    const turnInMs = resumedAt + podGraceMs - performance.now();
    if (turnInMs > 0 && withoutPod().length > 0) {
      lookAgainIn(turnInMs);
      return;
    }
    resumedAt = performance.now();
    resuming.set(next.uid, next);
    void resume(next);
    schedule();
  }

  async function resume(record: JobRecord): Promise<void> {
    const admittedAt = now();
    try {
      await cluster.patch(jobPath(record), resumePatch(record, admittedAt), { type: 'json' });
      backoff.reset();
      onAdmitted?.(record, admittedAt.getTime() - Date.parse(acceptedAt(record.job)));
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      // 404 and 422 (the guard): it was cancelled, cleared, or another replica was first. The watch will show it.
      if (error.status !== 404 && error.status !== 422) {
        pausedUntil = performance.now() + backoff.nextMs();
        onFault?.(error, record);
      }
    }
    // Whatever was answered, the watch has the last word; should it stay silent, the job is looked at anew.
    setTimeout(() => release(record), 2_000).unref();
    if (pausedUntil > performance.now()) {
      resuming.delete(record.uid);
      schedule();
    }
  }

  function release(record: JobRecord): void {
    if (resuming.delete(record.uid)) schedule();
  }

  /** A timer may end a little early; it is then set again, since whatever wakes the queue asks for the time anew. */
  function lookAgainIn(ms: number): void {
    clearTimeout(turn);
    turn = setTimeout(schedule, ms).unref();
  }

  function schedule(): void {
    if (isScheduled || isStopped) return;
    isScheduled = true;
    setImmediate(admit);
  }

  const stopListening = [
    index.onChange((record, change) => {
      if (change === 'progress') return;
      if (record.state.status !== 'queued' || change === 'removed') resuming.delete(record.uid);
      if (change === 'state' && record.state.status === 'starting' && !record.pod) resumedAt = performance.now();
      schedule();
    }),
    quotas.on('change', schedule),
    pods.on('change', (type, pod, previous) => {
      livePods.change(type, pod, previous);
      schedule();
    }),
  ];
  for (const pod of pods.values()) livePods.set(pod);
  const stopWaking = startWakingRefusedJobs({
    cluster,
    index,
    hasRoomFor: (record) => roomFor(record, {}),
    onFault: onWakeFault,
  });
  schedule();

  return {
    stop(): void {
      isStopped = true;
      clearTimeout(turn);
      for (const stop of stopListening) stop();
      stopWaking();
    },
  };
}

/** Resumes a Job if it is still the one that was seen and still suspended; otherwise the API server refuses it. */
function resumePatch(record: JobRecord, admittedAt: Date) {
  const admitted = `/metadata/annotations/${annotation.admitted.replaceAll('/', '~1')}`;
  return [
    { op: 'test', path: '/metadata/uid', value: record.uid },
    { op: 'test', path: '/spec/suspend', value: true },
    { op: 'replace', path: '/spec/suspend', value: false },
    { op: 'add', path: admitted, value: admittedAt.toISOString() },
  ];
}

function askOf(record: JobRecord): Amounts {
  return podAmounts(record.job.spec!.template.spec! as Pod['spec'] & object);
}
