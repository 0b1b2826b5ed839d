import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { acceptedAt, annotation } from '../state/annotations.ts';

/**
 * How long the last jobs waited that have got their place, in seconds, newest first: in a queue until they were
 * admitted, without one until their container ran.
 */
export function recentWaits(index: Pick<JobIndex, 'ordered'>, count: number): number[] {
  const waits: number[] = [];
  for (let position = index.ordered.length - 1; position >= 0 && waits.length < count; position--) {
    const waited = waitedSeconds(index.ordered[position]!);
    if (waited !== undefined) waits.push(waited);
  }
  return waits;
}

function waitedSeconds({ job, state }: JobRecord): number | undefined {
  const placedAt = job.metadata?.annotations?.[annotation.admitted] ?? state.startedAt;
  if (state.status === 'queued' || !placedAt) return undefined;
  return Math.max(0, Date.parse(placedAt) - Date.parse(acceptedAt(job))) / 1_000;
}
