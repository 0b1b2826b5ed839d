// How a job ended, kept on its Job so that it outlives the pod.
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { annotation } from './annotations.ts';
import type { JobFailure } from './failure.ts';
import type { JobState } from './job-state.ts';
import type { Job, Pod } from './kubernetes-objects.ts';

export const JobResult = Type.Object({
  accuracy: Type.Number({ description: 'Test images classified rightly, in percent.' }),
  test_images: Type.Integer({ description: 'How many test images there were.' }),
  seconds: Type.Number({ description: 'How long the job computed, in seconds.' }),
});
export type JobResult = Static<typeof JobResult>;

const resultValidator = Compile(JobResult);

/** What the container wrote as its termination message, if that is JSON. */
export function readMessage(pod: Pod | undefined): unknown {
  const message = pod?.status?.containerStatuses?.[0]?.state?.terminated?.message;
  try {
    return message === undefined ? undefined : JSON.parse(message);
  } catch {
    return undefined;
  }
}

/** The result that a pod's termination message holds; null when it holds none. */
export function readResult(pod: Pod | undefined): JobResult | null {
  const message = readMessage(pod);
  if (!resultValidator.Check(message)) return null;
  const { accuracy, test_images, seconds } = message;
  return { accuracy, test_images, seconds };
}

/** The annotation's text for a state that is an end. */
export function writeOutcome({ status, startedAt, finishedAt, result, error }: JobState): string {
  return JSON.stringify({ status, startedAt, finishedAt, result, error });
}

/** The end that was recorded on a Job; undefined when there is none, or it cannot be read. */
export function readOutcome(job: Job): JobState | undefined {
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
