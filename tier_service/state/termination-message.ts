// What a job's program leaves behind when it ends, as JSON in its container's termination message.
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Pod } from './kubernetes-objects.ts';

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
