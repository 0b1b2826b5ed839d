/** Why pods are not ready, in their own words. */
import type { V1ContainerStatus, V1Pod, V1PodList } from '@kubernetes/client-node';

/** Why pods are not ready, as far as they say. */
export function findReasons({ items }: V1PodList): string[] {
  return items.flatMap((pod) => {
    const states = containersOf(pod)
      .filter(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0)
      .map(describeContainer);
    const unscheduled = whyUnscheduled(pod);
    const told = unscheduled ? [unscheduled, ...states] : states;
    return told.length > 0 ? [`${pod.metadata?.namespace}/${pod.metadata?.name}: ${told.join('; ')}`] : [];
  });
}

/** What is known of a pod's containers, those that come first included. */
export function containersOf({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Why the scheduler has found no node for a pod; undefined if it has one, or has not been looked at. */
export function whyUnscheduled({ status }: V1Pod): string | undefined {
  return status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message;
}

function describeContainer({ name, state, lastState }: V1ContainerStatus): string {
  const ended = state?.terminated ?? lastState?.terminated;
  const why = state?.waiting?.reason ?? 'not ready';
  return `${name} ${why}${ended ? `, last ended with exit code ${ended.exitCode}` : ''}`;
}
