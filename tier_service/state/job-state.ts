// What a Job and its pod say about a job, as one pure function. Nothing else decides what a job's status is.
import { annotation } from './annotations.ts';
import { explainFailure, podLost } from './failure.ts';
import { type JobState, rankOf } from './job-status.ts';
import { conditionOf, isTerminal, type KnownJob, type Pod } from './kubernetes-objects.ts';
import { readOutcome } from './outcome.ts';
import { readResult } from './termination-message.ts';

/**
 * Derives a job's state, in this order of what counts:
 *
 * | seen | status |
 * | --- | --- |
 * | an outcome was recorded on the Job | as recorded |
 * | its cancellation was asked for | cancelled |
 * | Job Complete or SuccessCriteriaMet, or pod Succeeded | succeeded |
 * | Job Failed or FailureTarget | failed |
 * | pod Failed, and nobody deleted it | failed |
 * | Job suspended, no pod or one that is being deleted | queued |
 * | pod Running, or Failed while being deleted | running |
 * | pod Pending or Unknown | starting |
 * | no pod, Job not suspended | starting |
 *
 * A pod that failed while it was being deleted says nothing yet: the Job will say why it was deleted. A Job may seem
 * to be suspended although it has a pod: its resumption is then still to be seen.
 */
export function deriveJobState(job: KnownJob, pod?: Pod): JobState {
  const startedAt = startOf(pod);
  const outcome = readOutcome(job);
  if (outcome) return { ...outcome, startedAt: outcome.startedAt ?? startedAt };
  const cancelledAt = job.metadata?.annotations?.[annotation.cancelled];
  const base = { startedAt, finishedAt: null, result: null, error: null };
  if (cancelledAt) return { ...base, status: 'cancelled', finishedAt: cancelledAt };

  const complete = conditionOf(job, 'Complete', 'SuccessCriteriaMet');
  if (complete || pod?.status?.phase === 'Succeeded') {
    const finishedAt = endOf(pod) ?? job.status?.completionTime ?? complete?.lastTransitionTime ?? null;
    return { ...base, status: 'succeeded', finishedAt, result: readResult(pod) };
  }
  const failed = conditionOf(job, 'Failed', 'FailureTarget');
  if (failed || (pod?.status?.phase === 'Failed' && !pod.metadata?.deletionTimestamp)) {
    const finishedAt = endOf(pod) ?? failed?.lastTransitionTime ?? null;
    return { ...base, status: 'failed', finishedAt, error: explainFailure(job, pod) };
  }
  if (job.spec?.suspend && (!pod || pod.metadata?.deletionTimestamp))
    return { ...base, startedAt: null, status: 'queued' };
  if (pod && (pod.status?.phase === 'Running' || isTerminal(pod))) return { ...base, status: 'running' };
  return { ...base, status: 'starting' };
}

/**
 * True of a Job that says itself how its job ended: the outcome was recorded on it, or its cancellation asked for. All
 * replicas read the same there, now and after a restart.
 */
export function saysEnd(job: KnownJob): boolean {
  return readOutcome(job) !== undefined || Boolean(job.metadata?.annotations?.[annotation.cancelled]);
}

/**
 * The state after one more observation. A status only moves forward: watches may show a Job's and a pod's changes in
 * any order, and a pod may vanish, but nobody is told that a job went back. An end is final, unless the Job itself says
 * another: replicas that saw different ends then agree. What is still unknown about an end may be filled in.
 * @param jobSaysEnd whether the Job that was observed says how its job ended (`saysEnd`)
 */
export function advance(previous: JobState | undefined, observed: JobState, jobSaysEnd: boolean): JobState {
  if (!previous || rankOf(observed.status) > rankOf(previous.status)) {
    return { ...observed, startedAt: observed.startedAt ?? previous?.startedAt ?? null };
  }
  if (observed.status !== previous.status)
    return jobSaysEnd ? { ...observed, startedAt: observed.startedAt ?? previous.startedAt } : previous;
  const [first, second] = jobSaysEnd ? [observed, previous] : [previous, observed];
  return {
    status: first.status,
    startedAt: first.startedAt ?? second.startedAt,
    finishedAt: first.finishedAt ?? second.finishedAt,
    result: first.result ?? second.result,
    error: isUnexplained(first) ? (second.error ?? first.error) : first.error,
  };
}

/** True of an end that is known from the Job, while what the pod has to tell of it is not: the result, or the reason. */
export function isUnexplained({ status, result, error }: JobState): boolean {
  return (status === 'succeeded' && !result) || (status === 'failed' && (!error || error.code === podLost));
}

function startOf(pod: Pod | undefined): string | null {
  const state = pod?.status?.containerStatuses?.[0]?.state;
  return state?.running?.startedAt ?? state?.terminated?.startedAt ?? null;
}

function endOf(pod: Pod | undefined): string | null {
  return pod?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? null;
}
