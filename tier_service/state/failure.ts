// Why a job failed, in words that its user understands.
import { type Static, Type } from 'typebox';
import { conditionOf, type KnownJob, type Pod } from './kubernetes-objects.ts';
import { readMessage } from './termination-message.ts';

/** Every failure that is told of a job: its stable code, and what it means. */
const failures = {
  out_of_memory: 'It used more memory than it may',
  deadline_exceeded: 'It ran longer than it may',
  image_not_found: 'Its image could not be pulled',
  start_error: 'Its container could not be started',
  node_shutdown: 'Its node was shut down',
  evicted: 'Its node had no room left for it',
  node_lost: 'Its node was lost, or tainted',
  drained: 'Somebody evicted it, most often to empty its node',
  preempted: 'Work of a higher priority took its place',
  disrupted: 'Kubernetes stopped it for another reason',
  pod_lost: 'Its pod is gone, and nothing says how it ended',
  exit_code: 'Its program failed and gave no code of its own',
} as const;
type FailureCode = keyof typeof failures;

/** What the job's program says itself (the `JobError`s of model_config). */
const ownFailures = {
  unknown_dataset: 'DATASET is wrong',
  unknown_type: 'TYPE is wrong',
  bad_epochs: 'EPOCHS is wrong',
  bad_pretrained: 'PRETRAINED is wrong',
  bad_seed: 'SEED is wrong',
  dataset_missing: 'The image does not hold the dataset',
  dataset_damaged: 'The dataset in the image is damaged',
  network_missing: 'The image does not hold the trained network',
  network_damaged: 'The trained network in the image is damaged',
  terminated: 'It was stopped from outside',
  internal: 'Its program is at fault; the log has more',
};

export const JobFailure = Type.Object({
  code: Type.String({ description: 'Stable; the description of this interface lists them.' }),
  message: Type.String(),
});
export type JobFailure = Static<typeof JobFailure>;

/** The code of a failure that nothing explains. */
export const podLost: FailureCode = 'pod_lost';

/** All failures, for the documentation. */
export function listFailures(): { code: string; meaning: string }[] {
  return Object.entries({ ...failures, ...ownFailures }).map(([code, meaning]) => ({ code, meaning }));
}

/** Waiting reasons after which a container never starts by itself. */
const unstartable: Record<string, FailureCode> = {
  ErrImagePull: 'image_not_found',
  ImagePullBackOff: 'image_not_found',
  InvalidImageName: 'image_not_found',
  ErrImageNeverPull: 'image_not_found',
  CreateContainerConfigError: 'start_error',
  CreateContainerError: 'start_error',
};

/** The failure of a pod whose container cannot start as it is; undefined while it may. */
export function explainStuck(pod: Pod | undefined): JobFailure | undefined {
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  const code = unstartable[waiting?.reason ?? ''];
  if (!code) return undefined;
  const image = pod?.spec?.containers[0]?.image;
  const message =
    code === 'image_not_found'
      ? `The image ${image} could not be pulled: ${waiting?.message ?? waiting?.reason}`
      : `The container could not be started: ${waiting?.message ?? waiting?.reason}`;
  return failure(code, message);
}

/** Why a job failed, from its Job and its pod (absent when it is gone). */
export function explainFailure(job: KnownJob, pod: Pod | undefined): JobFailure {
  const terminated = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  const limits = job.spec?.template.spec?.containers[0]?.resources?.limits;
  const podDeadline = job.spec?.template.spec?.activeDeadlineSeconds;
  const jobReason = conditionOf(job, 'Failed', 'FailureTarget')?.reason;

  if (terminated?.reason === 'OOMKilled') {
    return failure('out_of_memory', `The job used more than its ${limits?.memory ?? 'limit'} of memory.`);
  }
  if (pod?.status?.reason === 'DeadlineExceeded') {
    return failure('deadline_exceeded', `The job ran longer than its ${podDeadline} seconds.`);
  }
  if (!terminated && jobReason === 'DeadlineExceeded') {
    const seconds = job.spec?.activeDeadlineSeconds ?? podDeadline;
    return failure('deadline_exceeded', `The job ran longer than its ${seconds} seconds.`);
  }
  const stopped = explainDisruption(pod);
  if (stopped) return stopped;
  const stuck = explainStuck(pod);
  if (stuck) return stuck;
  if (terminated?.reason === 'StartError' || terminated?.reason === 'ContainerCannotRun') {
    return failure('start_error', `The container could not be started: ${lastLine(terminated.message)}`);
  }
  if (terminated) return explainExit(pod, terminated);
  if (pod?.status?.phase === 'Failed' && pod.status.reason) {
    return failure(
      'start_error',
      `${nodeOf(pod, 'T')} did not take the job: ${lastLine(pod.status.message ?? pod.status.reason)}`,
    );
  }
  return failure(podLost, "The job's pod is gone, and nothing says how it ended.");
}

/** What a kubelet writes as a pod's reason when it ends the pod itself. */
const kubeletReasons: Record<string, (pod: Pod) => JobFailure> = {
  Evicted: ({ status }) => failure('evicted', `The node evicted the job: ${lastLine(status?.message)}`),
  Preempting: (pod) => failure('preempted', `The job had to make room for a critical pod on ${nodeOf(pod)}.`),
  Terminated: (pod) => failure('node_shutdown', `${nodeOf(pod, 'T')} was shut down while the job ran.`),
  NodeShutdown: (pod) => failure('node_shutdown', `${nodeOf(pod, 'T')} was shut down while the job ran.`),
  NodeLost: (pod) => failure('node_lost', `${nodeOf(pod, 'T')} was lost while the job ran.`),
};

/** The reasons of the condition `DisruptionTarget`, as Kubernetes 1.36 gives them. */
const disruptions: Record<string, (pod: Pod) => JobFailure> = {
  DeletionByTaintManager: (pod) => failure('node_lost', `${nodeOf(pod, 'T')} was lost, or tainted, while the job ran.`),
  DeletionByPodGC: (pod) => failure('node_lost', `${nodeOf(pod, 'T')} was removed while the job ran.`),
  EvictionByEvictionAPI: (pod) =>
    failure('drained', `The job was evicted from ${nodeOf(pod)}, most likely because somebody drained that node.`),
  PreemptionByScheduler: (pod) =>
    failure('preempted', `The scheduler gave the job's place on ${nodeOf(pod)} to a pod of a higher priority.`),
  TerminationByKubelet: kubeletReasons.Terminated!,
};

function explainDisruption(pod: Pod | undefined): JobFailure | undefined {
  if (!pod) return undefined;
  const known = kubeletReasons[pod.status?.reason ?? ''];
  if (known) return known(pod);
  const disruption = pod.status?.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  if (!disruption) return undefined;
  const { reason = '', message } = disruption;
  return (
    disruptions[reason]?.(pod) ?? failure('disrupted', `Kubernetes stopped the job: ${reason}: ${lastLine(message)}`)
  );
}

function nodeOf(pod: Pod, article = 't'): string {
  return `${article}he node ${pod.spec?.nodeName}`;
}

/** The job's own words when it left some as JSON; otherwise its exit code and the last line of its log. */
function explainExit(pod: Pod | undefined, terminated: { exitCode: number; message?: string }): JobFailure {
  const own = (readMessage(pod) as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  if (typeof own?.code === 'string' && typeof own.message === 'string') {
    return { code: own.code.slice(0, 64), message: own.message.slice(0, 500) };
  }
  const line = lastLine(terminated.message);
  return failure('exit_code', `The job exited with code ${terminated.exitCode}${line && `: ${line}`}`);
}

function failure(code: FailureCode, message: string): JobFailure {
  return { code, message };
}

function lastLine(text: string | undefined): string {
  return (text?.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
