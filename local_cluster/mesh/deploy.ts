/** Waits until all that the manifests deploy is there, telling how far it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1ConfigMap, V1Deployment, V1DeploymentList, V1PodList } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { tierNames } from '../../tier_service/tier-names.ts';

const pollMs = 100;
const removeWithinMs = 30_000;
const ours = 'labelSelector=app.kubernetes.io%2Fpart-of%3Dml-job-mesh';

const serviceNamespaces = ['web-tier', 'ml-pipeline', ...tierNames.map((name) => `${name}-tier`)];
const replacedNamespaces = ['kube-system', ...serviceNamespaces];

/**
 * Removes what earlier runs have left of the services' pods: a stop of the mesh ends them as failed, and ReplicaSets
 * replace such pods without removing them. Finished Jobs keep theirs.
 */
export async function removeEndedServicePods(connection: ClusterConnection): Promise<void> {
  await removePods(connection, serviceNamespaces, { fieldSelector: 'status.phase=Failed' });
}

/** Has all services, the DNS among them, begin anew, for a cluster that is no longer the one they know. Jobs go on. */
export async function replaceServicePods(connection: ClusterConnection): Promise<void> {
  await removePods(connection, replacedNamespaces, {});
}

/**
 * Waits until pods that are made from now on are given this authority's certificate to know the API server by: a
 * controller publishes it in each namespace soon after it has started.
 * @throws Error after `withinMs`
 */
export async function waitForAuthority(
  connection: Pick<ClusterConnection, 'get'>,
  authority: string,
  signal: AbortSignal,
  withinMs: number,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (const namespace of replacedNamespaces) {
    const path = `/api/v1/namespaces/${namespace}/configmaps/kube-root-ca.crt`;
    while ((await connection.get<V1ConfigMap>(path).catch(absent))?.data?.['ca.crt'] !== authority) {
      signal.throwIfAborted();
      if (performance.now() > giveUpAt)
        throw new Error(`the authority of the cluster is not published in ${namespace} after ${withinMs / 1000} s`);
      await sleep(pollMs);
    }
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof KubernetesError && error.status === 404)) throw error;
}

/** Pods of Jobs stay: what they do is done once. */
async function removePods(connection: ClusterConnection, namespaces: string[], selected: Record<string, string>) {
  const query = { ...selected, labelSelector: '!batch.kubernetes.io/job-name' };
  await Promise.all(
    namespaces.map((namespace) =>
      connection.delete(`/api/v1/namespaces/${namespace}/pods`, undefined, { query, timeoutMs: removeWithinMs }),
    ),
  );
}

/** Reads a path of the cluster's API. */
export type ReadApi = <T>(path: string) => Promise<T>;

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
