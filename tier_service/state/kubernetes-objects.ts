import type { V1Job, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import type { Wire } from '@ml-job-mesh/cluster-client';

/** Kubernetes' objects as the API server sends them. */
export type Job = Wire<V1Job>;
export type Pod = Wire<V1Pod>;
export type ResourceQuota = Wire<V1ResourceQuota>;

/**
 * What a tier reads of a Job, and all that it keeps of one (`kept-job.ts`): the rest, its pod's template and who wrote
 * which field, would be most of the memory that a long queue takes.
 */
export interface KnownJob {
  metadata?: Pick<
    NonNullable<Job['metadata']>,
    | 'name'
    | 'namespace'
    | 'uid'
    | 'resourceVersion'
    | 'creationTimestamp'
    | 'deletionTimestamp'
    | 'labels'
    | 'annotations'
  >;
  spec?: Pick<NonNullable<Job['spec']>, 'suspend' | 'activeDeadlineSeconds' | 'ttlSecondsAfterFinished'> & {
    template: { spec?: KnownPodSpec };
  };
  status?: Pick<NonNullable<Job['status']>, 'conditions' | 'completionTime'>;
}

type PodSpec = NonNullable<Pod['spec']>;
type Container = PodSpec['containers'][number];

/** What a pod asks for, and for how long it may run. */
export interface KnownPodSpec extends Pick<PodSpec, 'activeDeadlineSeconds'> {
  containers: KnownContainer[];
  initContainers?: KnownContainer[];
}
export type KnownContainer = Pick<Container, 'name' | 'resources' | 'restartPolicy'>;

/** The container of a Job's pod that runs the image. */
export const containerName = 'classify';

/** The uid of the Job, or whatever else, that a pod was made by. A name may be used again; a uid never is. */
export function controllerUidOf(pod: Pod): string | undefined {
  return pod.metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;
}

/** True of a pod that has ended for good: no quota counts it any more. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** A Job's condition of one of these types that holds, if any. */
export function conditionOf(job: KnownJob, ...types: string[]) {
  return job.status?.conditions?.find(({ type, status }) => types.includes(type) && status === 'True');
}

/** True once the Job controller has nothing left to do with a Job. */
export function isJobOver(job: KnownJob): boolean {
  return conditionOf(job, 'Complete', 'Failed') !== undefined;
}
