import type { V1Job, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import type { Wire } from '@ml-job-mesh/cluster-client';

/** Kubernetes' objects as the API server sends them. */
export type Job = Wire<V1Job>;
export type Pod = Wire<V1Pod>;
export type ResourceQuota = Wire<V1ResourceQuota>;

/** The container of a Job's pod that runs the image. */
export const containerName = 'classify';

/** The name of the Job that a pod belongs to. */
export function jobNameOf(pod: Pod): string | undefined {
  return pod.metadata?.labels?.['batch.kubernetes.io/job-name'];
}

/** True of a pod that has ended for good: no quota counts it any more. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** A Job's condition of one of these types that holds, if any. */
export function conditionOf(job: Job, ...types: string[]) {
  return job.status?.conditions?.find(({ type, status }) => types.includes(type) && status === 'True');
}
