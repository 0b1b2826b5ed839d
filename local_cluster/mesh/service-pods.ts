/** What a start does about the pods that services have from earlier runs of the embedded cluster. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { tierNames } from '../../tier_service/tier-names.ts';

const pollMs = 100;
const removeWithinMs = 30_000;

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
