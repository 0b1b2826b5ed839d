import type { V1Job, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import type { Wire } from '@ml-job-mesh/cluster-client';

/** Kubernetes' objects as the API server sends them. */
export type Job = Wire<V1Job>;
export type Pod = Wire<V1Pod>;
export type ResourceQuota = Wire<V1ResourceQuota>;

/**
 * What a tier needs to know of a Job: who it is, what it asks for, and how it stands. The rest, its pod's template and
 * who wrote which field, would be most of the memory that a long queue takes.
 */
export function essenceOf({ metadata, spec, status }: Job): Job {
  const { managedFields: _, ...identity } = metadata!;
  const { containers = [], initContainers, activeDeadlineSeconds } = spec?.template.spec ?? {};
  const kept = {
    containers: containers.map(needsOf),
    ...(initContainers && { initContainers: initContainers.map(needsOf) }),
    ...(activeDeadlineSeconds !== undefined && { activeDeadlineSeconds }),
  };
  return {
    metadata: identity,
    spec: {
      ...(spec?.suspend !== undefined && { suspend: spec.suspend }),
      ...(spec?.activeDeadlineSeconds !== undefined && { activeDeadlineSeconds: spec.activeDeadlineSeconds }),
      template: { spec: kept },
    },
    ...(status && { status }),
  };
}

type Container = NonNullable<Pod['spec']>['containers'][number];

function needsOf({ name, resources, restartPolicy }: Container): Container {
  return { name, ...(resources && { resources }), ...(restartPolicy && { restartPolicy }) };
}

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
