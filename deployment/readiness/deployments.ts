/** Waits until all that the manifests deploy is there, telling how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment, V1DeploymentList, V1PodList } from '@kubernetes/client-node';
import type { ReadApi } from '../cluster/kubectl.ts';

const pollMs = 100;
const ours = 'labelSelector=app.kubernetes.io%2Fpart-of%3Dml-job-mesh';

/**
 * Waits until every Deployment of the mesh has all its pods ready.
 * @param say told how far it is
 * @throws Error with what each missing pod waits for, after `withinMs`
 */
export async function waitForDeployments(
  read: ReadApi,
  say: (text: string) => void,
  signal: AbortSignal,
  withinMs: number,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    const { items } = await read<V1DeploymentList>(`/apis/apps/v1/deployments?${ours}`);
    const missing = items.filter((deployment) => !isComplete(deployment)).map(({ metadata }) => metadata!.name!);
    if (items.length > 0 && missing.length === 0) return;
    if (performance.now() > giveUpAt) {
      const pods = await read<V1PodList>(`/api/v1/pods?${ours}`);
      throw new Error(`not ready after ${withinMs / 1000} s: ${missing.join(', ')}. ${explainPods(pods)}`);
    }
    say(`${items.length - missing.length} of ${items.length} ready, waiting for ${missing.join(', ')}`);
    await sleep(pollMs);
  }
}

function isComplete({ metadata, spec, status = {} }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    status.observedGeneration === metadata?.generation &&
    status.updatedReplicas === wanted &&
    status.availableReplicas === wanted &&
    status.replicas === wanted
  );
}

/** What pods that are not ready say of themselves, in one line. */
function explainPods(pods: V1PodList): string {
  if (pods.items.length === 0) return 'No pod was made; see the events with kubectl';
  return findReasons(pods).join(' | ') || 'No pod says why; see the events with kubectl';
}

/** Why pods are not ready, as far as they say. */
export function findReasons({ items }: V1PodList): string[] {
  return items.flatMap(({ metadata, status }) => {
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const states = containers
      .filter(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0)
      .map(({ name, state, lastState }) => {
        const ended = state?.terminated ?? lastState?.terminated;
        const why = state?.waiting?.reason ?? 'not ready';
        return `${name} ${why}${ended ? `, last ended with exit code ${ended.exitCode}` : ''}`;
      });
    const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    const told = unscheduled?.message ? [unscheduled.message, ...states] : states;
    return told.length > 0 ? [`${metadata?.namespace}/${metadata?.name}: ${told.join('; ')}`] : [];
  });
}
