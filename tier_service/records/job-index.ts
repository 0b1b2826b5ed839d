// What the tier knows of its jobs, in memory, made from the watches and from nothing else.

import { annotation } from '../state/annotations.ts';
import { advance, deriveJobState, saysEnd } from '../state/job-state.ts';
import { hasEnded, type JobStatus, statuses } from '../state/job-status.ts';
import { controllerUidOf, type KnownJob, type Pod } from '../state/kubernetes-objects.ts';
import type { Progress } from '../state/progress.ts';
import { createJobPods } from './job-pods.ts';
import { endKey, type JobRecord, recordOf, wasResumed } from './job-record.ts';
import { createSortedList } from './sorted-list.ts';

/** What happened to a job: its state changed, its progress did, something else about it, or it is gone. */
export type JobChange = 'state' | 'progress' | 'detail' | 'removed';
type Listener = (record: JobRecord, change: JobChange) => void;
type EventType = 'added' | 'modified' | 'deleted';

export type JobIndex = ReturnType<typeof createJobIndex>;

/** Makes an empty index; `applyJob` and `applyPod` feed it from the watches. */
export function createJobIndex() {
  const byName = new Map<string, JobRecord>();
  const byUid = new Map<string, JobRecord>();
  const ordered = createSortedList<JobRecord>(({ key }) => key);
  const queue = createSortedList<JobRecord>(({ key }) => key);
  const starting = new Set<JobRecord>();
  const running = new Set<JobRecord>();
  const finished = createSortedList<JobRecord>(endKey);
  const counts = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<JobStatus, number>;
  const pods = createJobPods();
  const listeners = new Set<Listener>();
  let version = 0;

  function file(record: JobRecord): void {
    counts[record.state.status]++;
    if (record.state.status === 'queued') queue.add(record);
    if (record.state.status === 'starting') starting.add(record);
    if (record.state.status === 'running') running.add(record);
    if (hasEnded(record.state.status)) finished.add(record);
  }

  function unfile(record: JobRecord): void {
    counts[record.state.status]--;
    queue.delete(record);
    starting.delete(record);
    running.delete(record);
    if (hasEnded(record.state.status)) finished.delete(record);
  }

  function announce(record: JobRecord, change: JobChange): void {
    version++;
    for (const listener of listeners) listener(record, change);
  }

  function observe(record: JobRecord): void {
    const before = record.state;
    unfile(record);
    record.wasResumed ||= wasResumed(record.job);
    record.pod = pods.podOf(record.job, record.pod);
    const observed = deriveJobState(record.job, record.pod);
    if (record.wasResumed && observed.status === 'queued' && !hasEnded(before.status)) {
      // Somebody suspended its Job by hand, and its pod is gone: it waits again, and starts anew.
      record.state = observed;
      record.progress = null;
      record.progressLine = 0;
    } else record.state = advance(before, observed, saysEnd(record.job));
    file(record);
    announce(record, before.status === record.state.status ? 'detail' : 'state');
  }

  function remove(record: JobRecord): void {
    unfile(record);
    byName.delete(record.id);
    byUid.delete(record.uid);
    ordered.delete(record);
    announce(record, 'removed');
  }

  function add(job: KnownJob): void {
    const record = recordOf(job, pods.podOf(job));
    byName.set(record.id, record);
    byUid.set(record.uid, record);
    ordered.add(record);
    file(record);
    announce(record, 'state');
  }

  return {
    /** All jobs, oldest first. */
    ordered: ordered.items,
    indexInOrder: ordered.indexOf,
    /** Jobs that wait, the next one first. */
    queue: queue.items,
    /** Jobs that have ended, in the order in which they did. */
    finished: finished.items,
    /** Jobs that are resumed and do not run yet. */
    starting: starting as ReadonlySet<JobRecord>,
    running: running as ReadonlySet<JobRecord>,
    counts: counts as Readonly<Record<JobStatus, number>>,
    /** Grows with every change, so that what was made from the index can be kept until then. */
    version: () => version,
    get: (id: string): JobRecord | undefined => byName.get(id),
    /** The job that a pod belongs to. */
    jobOf: (pod: Pod): JobRecord | undefined => byUid.get(controllerUidOf(pod) ?? ''),
    unfinished: () => counts.queued + counts.starting + counts.running,

    /** 1 for the next to start; null for a job that does not wait. */
    queuePosition(record: Pick<JobRecord, 'key' | 'state'>): number | null {
      return record.state.status === 'queued' ? queue.indexOf(record.key) + 1 : null;
    },

    /** A Job that somebody is deleting is gone already: nothing will come of it. One that no tier made is no job. */
    applyJob(type: EventType, job: KnownJob): void {
      const { name, namespace, uid, deletionTimestamp, annotations } = job.metadata!;
      const record = byUid.get(uid!);
      if (type === 'deleted' || deletionTimestamp) {
        if (record) remove(record);
        return;
      }
      if (record) {
        record.job = job;
        observe(record);
        return;
      }
      const namesake = byName.get(name!);
      if (annotations?.[annotation.accepted] === undefined || (namesake && namesake.namespace !== namespace)) return;
      if (namesake) remove(namesake);
      add(job);
    },

    applyPod(type: EventType, pod: Pod): void {
      const jobUid = pods.put(type, pod);
      const record = jobUid === undefined ? undefined : byUid.get(jobUid);
      if (record) observe(record);
    },

    setProgress(record: JobRecord, progress: Progress, line: number): void {
      record.progress = progress;
      record.progressLine = line;
      announce(record, 'progress');
    },

    /** Calls the listener on every change from now on; what it returns ends that. */
    onChange(listener: Listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
