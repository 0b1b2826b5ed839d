import type { JobFailure } from './failure.ts';
import type { JobResult } from './termination-message.ts';

export const statuses = ['queued', 'starting', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof statuses)[number];

export interface JobState {
  status: JobStatus;
  /** RFC 3339; null while not known. */
  startedAt: string | null;
  finishedAt: string | null;
  result: JobResult | null;
  error: JobFailure | null;
}

/** How far a status is on its way; the three ends are equally far. */
export function rankOf(status: JobStatus): number {
  return Math.min(statuses.indexOf(status), 3);
}

export function hasEnded(status: JobStatus): boolean {
  return rankOf(status) === 3;
}
