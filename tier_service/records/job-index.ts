// What the tier knows of its jobs, in memory, made from the watches and from nothing else.

import { annotation } from '../state/annotations.ts';
import { advance, deriveJobState } from '../state/job-state.ts';
import { hasEnded, type JobState, type JobStatus, statuses } from '../state/job-status.ts';
import { conditionOf, type Job, jobNameOf, type Pod } from '../state/kubernetes-objects.ts';
import type { Progress } from '../state/progress-line.ts';
import type { Tier } from '../tier.ts';
import { createSortedList } from './sorted-list.ts';
import type { StampClock } from './stamp-clock.ts';

export interface JobRecord {
  /** Sorts jobs by when they were accepted. */
  readonly key: string;
  readonly id: string;
  readonly namespace: string;
  readonly uid: string;
  job: Job;
  pod: Pod | undefined;
  state: JobState;
  progress: Progress | null;
  /** The log line that the progress was read from, counted from 1 in steps; 0 before the first. */
  progressLine: number;
}

/** What happened to a job: its state changed, its progress did, something else about it, or it is gone. */
export type JobChange = 'state' | 'progress' | 'detail' | 'removed';
type Listener = (record: JobRecord, change: JobChange) => void;

export type JobIndex = ReturnType<typeof createJobIndex>;

/**
 * The order in which jobs were accepted: by the API server's clock to the second, then by the tiers' stamps. Whoever
 * had an answer before another posted is ahead.
 */
export function orderKey({ metadata }: Job): string {
  return `${metadata?.creationTimestamp}|${metadata?.annotations?.[annotation.accepted] ?? ''}|${metadata?.name}`;
}

/** Makes an empty index; `applyJob` and `applyPod` feed it from the watches. */
export function createJobIndex(tier: Tier, clock: StampClock) {
  const records = new Map<string, JobRecord>();
  const ordered = createSortedList<JobRecord>();
  const queue = createSortedList<JobRecord>();
  const starting = new Set<JobRecord>();
  const finished = createSortedList<JobRecord>();
  const counts = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<JobStatus, number>;
  /** Pods whose Job the other watch has not shown yet. */
  const orphans = new Map<string, Pod>();
  const listeners = new Set<Listener>();
  let version = 0;

  function file(record: JobRecord): void {
    counts[record.state.status]++;
    if (record.state.status === 'queued') queue.add(record);
    if (record.state.status === 'starting') starting.add(record);
    if (hasEnded(record.state.status)) finished.add(record);
  }

  function unfile(record: JobRecord): void {
    counts[record.state.status]--;
    queue.delete(record.key);
    starting.delete(record);
    if (hasEnded(record.state.status)) finished.delete(record.key);
  }

  function announce(record: JobRecord, change: JobChange): void {
    version++;
    for (const listener of listeners) listener(record, change);
  }

  function observe(record: JobRecord): void {
    const before = record.state;
    unfile(record);
    record.state = advance(before, deriveJobState(record.job, record.pod));
    file(record);
    announce(record, before.status === record.state.status ? 'detail' : 'state');
  }

  function remove(record: JobRecord): void {
    unfile(record);
    records.delete(record.id);
    ordered.delete(record.key);
    announce(record, 'removed');
  }

  function add(job: Job): void {
    const id = job.metadata!.name!;
    const namespace = job.metadata!.namespace!;
    const pod = orphans.get(id);
    orphans.delete(id);
    const record: JobRecord = {
      key: orderKey(job),
      id,
      namespace,
      uid: job.metadata!.uid!,
      job,
      pod,
      state: deriveJobState(job, pod),
      progress: null,
      progressLine: 0,
    };
    clock.saw(job.metadata?.annotations?.[annotation.accepted]);
    records.set(id, record);
    ordered.add(record);
    file(record);
    announce(record, 'state');
  }

  return {
    tier,
    /** All jobs, oldest first. */
    ordered: ordered.items,
    indexInOrder: ordered.indexOf,
    /** Jobs that wait, the next one first. */
    queue: queue.items,
    finished: finished.items,
    /** Jobs that are resumed and do not run yet. */
    starting: starting as ReadonlySet<JobRecord>,
    counts: counts as Readonly<Record<JobStatus, number>>,
    /** Grows with every change, so that what was made from the index can be kept until then. */
    version: () => version,
    get: (id: string): JobRecord | undefined => records.get(id),
    unfinished: () => counts.queued + counts.starting + counts.running,

    /** 1 for the next to start; null for a job that does not wait. */
    queuePosition(record: Pick<JobRecord, 'key' | 'state'>): number | null {
      return record.state.status === 'queued' ? queue.indexOf(record.key) + 1 : null;
    },

    applyJob(type: 'added' | 'modified' | 'deleted', job: Job): void {
      const record = records.get(job.metadata!.name!);
      const isSame = record?.uid === job.metadata?.uid;
      if (type === 'deleted') {
        if (record && isSame) remove(record);
        return;
      }
      if (record && isSame) {
        record.job = job;
        observe(record);
        return;
      }
      if (record) remove(record);
      add(job);
    },

    /** One Job has one pod; should it ever get two, the one that is not lost counts. */
    applyPod(type: 'added' | 'modified' | 'deleted', pod: Pod): void {
      const id = jobNameOf(pod);
      if (!id) return;
      const record = records.get(id);
      if (!record) {
        if (type === 'deleted') orphans.delete(id);
        else orphans.set(id, pod);
        return;
      }
      const isCurrent = record.pod?.metadata?.uid === pod.metadata?.uid;
      if (type === 'deleted') {
        // The last that was seen of it may still say how it ended.
        if (isCurrent) observe(record);
        return;
      }
      if (record.pod && !isCurrent && record.pod.status?.phase === 'Succeeded') return;
      record.pod = pod;
      observe(record);
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

/** True once the Job controller has nothing left to do with a Job. */
export function isJobOver(job: Job): boolean {
  return conditionOf(job, 'Complete', 'Failed') !== undefined;
}
