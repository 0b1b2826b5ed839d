// How a job ended, kept on its Job so that it outlives the pod.
import { annotation } from './annotations.ts';
import type { JobFailure } from './failure.ts';
import type { JobState } from './job-status.ts';
import type { KnownJob } from './kubernetes-objects.ts';
import type { JobResult } from './termination-message.ts';

/** The annotation's text for a state that is an end. */
export function writeOutcome({ status, startedAt, finishedAt, result, error }: JobState): string {
  return JSON.stringify({ status, startedAt, finishedAt, result, error });
}

/** The end that was recorded on a Job; undefined when there is none, or it cannot be read. */
export function readOutcome(job: KnownJob): JobState | undefined {
  const text = job.metadata?.annotations?.[annotation.outcome];
  if (!text) return undefined;
  try {
    const { status, startedAt = null, finishedAt = null, result = null, error = null } = JSON.parse(text);
    return ['succeeded', 'failed', 'cancelled'].includes(status)
      ? { status, startedAt, finishedAt, result: result as JobResult | null, error: error as JobFailure | null }
      : undefined;
  } catch {
    return undefined;
  }
}
