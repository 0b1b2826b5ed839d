// The ends of logs, to be kept on their Jobs. A job that is stopped from outside (cancelled, drained, its pod deleted) is over
// only when its pod is gone, and the log with it: such a log is read while the pod is still there.
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { logPath } from '../state/job-paths.ts';
import { hasEnded } from '../state/job-status.ts';
import { endOfLog, keptLogLines } from '../state/kept-log.ts';
import { containerName, isJobOver, isTerminal } from '../state/kubernetes-objects.ts';

/** How long a log may take to be read. */
const timeoutMs = 2_000;
/** How often it is tried to read the log of a job that is over: the result does not wait for it for ever. */
const maxTries = 3;

export type EndingLogs = ReturnType<typeof startEndingLogs>;

/** Starts to read the logs of jobs that are being stopped, each time that something about one changes. */
export function startEndingLogs({ cluster, index }: { cluster: ClusterConnection; index: JobIndex }) {
  /** What was read of each, and of which pod. */
  const saved = new WeakMap<JobRecord, { podUid: string | undefined; log: string }>();
  const tries = new WeakMap<JobRecord, number>();
  const reading = new Map<JobRecord, Promise<void>>();
  const changed = new Set<JobRecord>();

  async function read(record: JobRecord): Promise<string> {
    const query = { container: containerName, tailLines: keptLogLines };
    return endOfLog(await cluster.text(logPath(record), { query, timeoutMs }));
  }

  /** Reads it now, and once more if the job changed meanwhile: its last lines are written as it is stopped. */
  async function save(record: JobRecord): Promise<void> {
    do {
      changed.delete(record);
      const podUid = record.pod?.metadata?.uid;
      // One that cannot be read now is read at the next change, or when the job is over.
      const log = await read(record).catch(() => '');
      if (log) saved.set(record, { podUid, log });
    } while (changed.has(record) && isBeingStopped(record));
    reading.delete(record);
  }

  const stop = index.onChange((record, change) => {
    if (change === 'progress' || change === 'removed' || !isBeingStopped(record)) return;
    if (reading.has(record)) changed.add(record);
    else reading.set(record, save(record));
  });

  return {
    /**
     * The end of the log of a job that is over; empty where there is none.
     * @throws KubernetesError when it cannot be read now, and should be tried again; after a few times what there is counts
     */
    async of(record: JobRecord): Promise<string> {
      if (!record.pod) return '';
      try {
        return await read(record);
      } catch (error) {
        if (!(error instanceof KubernetesError)) throw error;
        const tried = (tries.get(record) ?? 0) + 1;
        tries.set(record, tried);
        if (error.isUnavailable && tried < maxTries) throw error;
        await reading.get(record);
        const { podUid, log } = saved.get(record) ?? {};
        return podUid === record.pod.metadata?.uid ? (log ?? '') : '';
      }
    },
    stop,
  };
}

/** True while the pod is still there of a job that did not end by itself. */
function isBeingStopped({ job, pod, state }: JobRecord): boolean {
  if (!pod || isJobOver(job)) return false;
  return pod.metadata?.deletionTimestamp !== undefined || (hasEnded(state.status) && !isTerminal(pod));
}
