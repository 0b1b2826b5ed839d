// Why a job failed, in words that its user understands.
import { type Static, Type } from 'typebox';
import { conditionOf, type Job, type Pod } from './kubernetes-objects.ts';
import { readMessage } from './outcome.ts';

export const JobFailure = Type.Object({
  code: Type.String({ description: 'Stable; see the table of failures in the documentation.' }),
  message: Type.String(),
});
export type JobFailure = Static<typeof JobFailure>;

/** The code of a failure that nothing explains. */
export const podLost = 'pod_lost';

/** Waiting reasons after which a container never starts by itself. */
const unstartable: Record<string, string> = {
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
      ? `The image ${image} could not be had: ${waiting?.message ?? waiting?.reason}`
      : `The container could not be started: ${waiting?.message ?? waiting?.reason}`;
  return { code, message };
}

/** Why a job failed, from its Job and its pod (absent when it is gone). */
export function explainFailure(job: Job, pod: Pod | undefined): JobFailure {
  const terminated = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  const limits = job.spec?.template.spec?.containers[0]?.resources?.limits;
  const deadline = job.spec?.template.spec?.activeDeadlineSeconds ?? job.spec?.activeDeadlineSeconds;
  const jobReason = conditionOf(job, 'Failed', 'FailureTarget')?.reason;

  if (terminated?.reason === 'OOMKilled') {
    return { code: 'out_of_memory', message: `The job used more than its ${limits?.memory ?? 'limit'} of memory.` };
  }
  if (pod?.status?.reason === 'DeadlineExceeded' || (!terminated && jobReason === 'DeadlineExceeded')) {
    return { code: 'deadline_exceeded', message: `The job ran longer than its ${deadline} seconds.` };
  }
  const stopped = explainDisruption(pod);
  if (stopped) return stopped;
  const stuck = explainStuck(pod);
  if (stuck) return stuck;
  if (terminated?.reason === 'StartError' || terminated?.reason === 'ContainerCannotRun') {
    return { code: 'start_error', message: `The container could not be started: ${lastLine(terminated.message)}` };
  }
  if (terminated) return explainExit(pod, terminated);
  return { code: podLost, message: "The job's pod is gone, and nothing says how it ended." };
}

function explainDisruption(pod: Pod | undefined): JobFailure | undefined {
  const disruption = pod?.status?.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  const reason = pod?.status?.reason;
  if (reason === 'Terminated' || reason === 'NodeShutdown' || disruption?.reason === 'TerminationByKubelet') {
    return { code: 'node_shutdown', message: `The node ${pod?.spec?.nodeName} was shut down while the job ran.` };
  }
  if (reason === 'Evicted')
    return { code: 'evicted', message: `The node evicted the job: ${lastLine(pod?.status?.message)}` };
  if (reason === 'NodeLost' || disruption) {
    return { code: 'node_lost', message: `The node ${pod?.spec?.nodeName} was lost while the job ran.` };
  }
  return undefined;
}

/** The job's own words when it left some as JSON; otherwise its exit code and the last line of its log. */
function explainExit(pod: Pod | undefined, terminated: { exitCode: number; message?: string }): JobFailure {
  const own = (readMessage(pod) as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  if (typeof own?.code === 'string' && typeof own.message === 'string') {
    return { code: own.code.slice(0, 64), message: own.message.slice(0, 500) };
  }
  const line = lastLine(terminated.message);
  return { code: 'exit_code', message: `The job exited with code ${terminated.exitCode}${line && `: ${line}`}` };
}

function lastLine(text: string | undefined): string {
  return (text?.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
