import { annotation } from '../state/annotations.ts';
import { deriveJobState } from '../state/job-state.ts';
import type { JobState } from '../state/job-status.ts';
import type { KnownJob, Pod } from '../state/kubernetes-objects.ts';
import type { Progress } from '../state/progress.ts';

/** What is known of one job. */
export interface JobRecord {
  /** Sorts jobs by when they were accepted. */
  readonly key: string;
  readonly id: string;
  readonly namespace: string;
  readonly uid: string;
  job: KnownJob;
  /** The one that counts; the last that was seen of it where it is gone. */
  pod: Pod | undefined;
  /** Whether its Job has been seen to be resumed, or never to have been suspended. */
  wasResumed: boolean;
  state: JobState;
  progress: Progress | null;
  /** The log line that the progress was read from, counted from 1 in steps; 0 before the first. */
  progressLine: number;
}

/** The record of a Job that has just been seen for the first time. */
export function recordOf(job: KnownJob, pod?: Pod): JobRecord {
  const { name, namespace, uid } = job.metadata!;
  return {
    key: orderKey(job),
    id: name!,
    namespace: namespace!,
    uid: uid!,
    job,
    pod,
    wasResumed: wasResumed(job),
    state: deriveJobState(job, pod),
    progress: null,
    progressLine: 0,
  };
}

/**
 * The order in which jobs were accepted: by the API server's clock to the second, then by the tiers' stamps. Whoever
 * had an answer before another posted is ahead.
 */
function orderKey({ metadata }: KnownJob): string {
  return `${metadata?.creationTimestamp}|${metadata?.annotations?.[annotation.accepted] ?? ''}|${metadata?.name}`;
}

/** True of a Job that is resumed, or was: a suspended one that was resumed by the tier still says so. */
export function wasResumed({ metadata, spec }: KnownJob): boolean {
  return !spec?.suspend || metadata?.annotations?.[annotation.admitted] !== undefined;
}

/** Compares jobs by when they were accepted. */
export function byAcceptance(a: JobRecord, b: JobRecord): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** Sorts jobs by when they ended; one of which that is not known yet comes last. */
export function endKey({ key, state }: JobRecord): string {
  return `${state.finishedAt ?? '~'}|${key}`;
}
