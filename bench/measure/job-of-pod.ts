import type { Pod } from '../../tier_service/state/kubernetes-objects.ts';

/** The name of the Job that a pod belongs to. */
export function jobNameOf(pod: Pod): string | undefined {
  return pod.metadata?.labels?.['batch.kubernetes.io/job-name'];
}
