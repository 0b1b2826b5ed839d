/** Tells in one line each what happens in the mesh: to jobs, and to the services' containers. */
import { connectToCluster, startWatchCache } from '@ml-job-mesh/cluster-client';
import { createJobIndex } from '@ml-job-mesh/tier-service/records/job-index.ts';
import type { JobRecord } from '@ml-job-mesh/tier-service/records/job-record.ts';
import { keepJob } from '@ml-job-mesh/tier-service/records/kept-job.ts';
import { datasetOf, label } from '@ml-job-mesh/tier-service/state/annotations.ts';
import type { KnownJob, Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';

/** Follows a cluster until it is stopped; gives each event to `tell` as one line, without time. */
export async function followEvents(kubeconfig: string, tell: (line: string) => void) {
  const cluster = connectToCluster({ kubeconfig });
  const watched = { path: '/apis/batch/v1/jobs', labelSelector: label.tier, keep: keepJob };
  const jobs = startWatchCache<KnownJob>(cluster, watched);
  const pods = startWatchCache<Pod>(cluster, { path: '/api/v1/pods' });
  const index = createJobIndex();
  jobs.on('change', index.applyJob);
  pods.on('change', index.applyPod);
  await Promise.all([jobs.synced, pods.synced]);

  index.onChange((record, change) => {
    if (change === 'state') tell(describeJob(record));
  });
  pods.on('change', (type, pod, before) => {
    if (type === 'deleted') return;
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

function describeJob({ id, namespace, job, state: { status, result, error } }: JobRecord): string {
  const details = [
    status === 'queued' || status === 'starting' ? `${datasetOf(job)}, in ${namespace}` : undefined,
    result && `${result.accuracy} % right, ${result.seconds} s`,
    error?.message,
  ].filter(Boolean);
  return `job ${id} ${status}${details.length > 0 ? `: ${details.join('; ')}` : ''}`;
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
