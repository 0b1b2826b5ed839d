/** Tells in one line each what happens in the mesh: to jobs, and to the services' containers. */
import { connectToCluster, startWatchCache } from '@ml-job-mesh/cluster-client';
import { label } from '@ml-job-mesh/tier-service/state/annotations.ts';
import { advance, deriveJobState } from '@ml-job-mesh/tier-service/state/job-state.ts';
import type { JobState } from '@ml-job-mesh/tier-service/state/job-status.ts';
import type { Job, Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';

const jobNameLabel = 'batch.kubernetes.io/job-name';

/** Follows a cluster until it is stopped; gives each event to `tell` as one line, without time. */
export async function followEvents(kubeconfig: string, tell: (line: string) => void) {
  const cluster = connectToCluster({ kubeconfig });
  const jobs = startWatchCache<Job>(cluster, { path: '/apis/batch/v1/jobs', labelSelector: label.tier });
  const pods = startWatchCache<Pod>(cluster, { path: '/api/v1/pods' });
  await Promise.all([jobs.synced, pods.synced]);
  const podOf = new Map<string, Pod>();
  const states = new Map<string, JobState>();
  const keyOf = ({ metadata }: Job | Pod, name = metadata?.name) => `${metadata?.namespace}/${name}`;

  const note = (job: Job, isNews: boolean) => {
    const key = keyOf(job);
    const before = states.get(key);
    const state = advance(before, deriveJobState(job, podOf.get(key)));
    states.set(key, state);
    if (isNews && state.status !== before?.status) tell(describeJob(job, state));
  };
  const rememberPod = (pod: Pod): Job | undefined => {
    const jobName = pod.metadata?.labels?.[jobNameLabel];
    if (!jobName) return undefined;
    podOf.set(keyOf(pod, jobName), pod);
    return jobs.get(pod.metadata!.namespace!, jobName);
  };
  for (const pod of pods.values()) rememberPod(pod);
  for (const job of jobs.values()) note(job, false);

  jobs.on('change', (type, job) => {
    if (type !== 'deleted') return note(job, true);
    states.delete(keyOf(job));
    podOf.delete(keyOf(job));
  });
  pods.on('change', (type, pod, before) => {
    if (type === 'deleted') return;
    const job = rememberPod(pod);
    if (job) note(job, true);
    for (const line of describeRestarts(pod, before)) tell(line);
  });
  return {
    async stop() {
      jobs.stop();
      pods.stop();
      await cluster.close();
    },
  };
}

function describeJob({ metadata }: Job, { status, result, error }: JobState): string {
  const dataset = metadata?.labels?.[label.dataset];
  const details = [
    status === 'queued' || status === 'starting' ? dataset && `${dataset}, in ${metadata?.namespace}` : undefined,
    result && `${result.accuracy} % right, ${result.seconds} s`,
    error?.message,
  ].filter(Boolean);
  return `job ${metadata?.name} ${status}${details.length > 0 ? `: ${details.join('; ')}` : ''}`;
}

/** A line for each container that was started again since the pod was seen last. */
export function describeRestarts(pod: Pod, before: Pod | undefined): string[] {
  const containersOf = (one?: Pod) => [
    ...(one?.status?.initContainerStatuses ?? []),
    ...(one?.status?.containerStatuses ?? []),
  ];
  return containersOf(pod).flatMap(({ name, restartCount, lastState }) => {
    const earlier = containersOf(before).find((container) => container.name === name)?.restartCount;
    if (earlier === undefined || restartCount <= earlier) return [];
    const { reason, exitCode } = lastState?.terminated ?? {};
    const why = exitCode === undefined ? '' : ` after it had ended (${reason}, exit code ${exitCode})`;
    return [`pod ${pod.metadata?.namespace}/${pod.metadata?.name}: container ${name} was started again${why}`];
  });
}
