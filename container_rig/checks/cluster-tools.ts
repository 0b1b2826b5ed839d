// What the checks do to the rig's cluster: kubectl as an operator uses it, and pods of their own.
import type { V1Deployment, V1Namespace } from '@kubernetes/client-node';
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { inject, vi } from 'vitest';
import { deployments, type ServiceName } from '../../e2e/faults/service-pods.ts';
import { cluster, kubeconfig } from '../../e2e/mesh.ts';
import { runKubectl } from '../../local_cluster/control_plane/kubectl.ts';

/** What a pod is to be. */
export type PodSpec = NonNullable<Pod['spec']>;

export const patience = { timeout: 120_000, interval: 200 };

/** Runs kubectl as the cluster's administrator; gives what it printed, throws with its message if it fails. */
export function kubectl(args: string[], input?: string): Promise<string> {
  return runKubectl(inject('mesh').controlPlane, [`--kubeconfig=${kubeconfig}`, ...args], input);
}

/** Where the API has the Deployment of a service. */
export function deploymentPath(service: ServiceName): string {
  const { namespace, name } = deployments[service];
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}

/** Where the API has the autoscaler of a service. */
export function autoscalerPath(service: ServiceName): string {
  const { namespace, name } = deployments[service];
  return `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`;
}

/** `kubectl rollout restart`, and waits until the new pods are ready and the old ones gone. */
export async function restartService(service: ServiceName): Promise<void> {
  const { namespace, name } = deployments[service];
  const pods = () => cluster.get<{ items: Pod[] }>(podsPath(namespace), labelled(name));
  const before = new Set((await pods()).items.map(({ metadata }) => metadata!.uid));
  await kubectl(['-n', namespace, 'rollout', 'restart', `deployment/${name}`]);
  await kubectl(['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=180s']);
  await vi.waitFor(async () => {
    const left = (await pods()).items.filter(({ metadata }) => before.has(metadata!.uid));
    if (left.length) throw new Error(`${left.length} old pods of ${name} are left`);
  }, patience);
}

const labelled = (name: string) => ({ query: { labelSelector: `app.kubernetes.io/name=${name}` } });

export function podsPath(namespace: string, name?: string): string {
  return `/api/v1/namespaces/${namespace}/pods${name ? `/${name}` : ''}`;
}

/**
 * Sets how many pods a service has, and waits until so many are ready. Gives when that was, by `performance.now()`. Its
 * autoscaler keeps to it: one that finds no load would take a second pod away again.
 */
export async function scale(service: ServiceName, replicas: number): Promise<number> {
  await cluster.patch(autoscalerPath(service), { spec: { minReplicas: replicas } });
  await cluster.patch(deploymentPath(service), { spec: { replicas } });
  return vi.waitFor(async () => {
    const { status } = await cluster.get<V1Deployment>(deploymentPath(service));
    const ready = status?.readyReplicas ?? 0;
    if (ready !== replicas || status?.replicas !== replicas) throw new Error(`${service} has ${ready} pods ready`);
    return performance.now();
  }, patience);
}

/** Makes a namespace in which pods can be made. Gives its name; whoever made it deletes it. */
export async function makeNamespace(): Promise<string> {
  const made = await cluster.create<V1Namespace>('/api/v1/namespaces', { metadata: { generateName: 'check-' } });
  const name = made.metadata!.name!;
  await vi.waitFor(() => cluster.get(`/api/v1/namespaces/${name}/serviceaccounts/default`), patience);
  await vi.waitFor(() => cluster.get(`/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`), patience);
  return name;
}

/** Runs a pod to its end and gives the log of each of its containers, by name; removes it again. */
export async function runPod(namespace: string, spec: PodSpec): Promise<Record<string, string>> {
  const made = await cluster.create<Pod>(podsPath(namespace), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'check-' },
    spec,
  });
  const name = made.metadata!.name!;
  try {
    await vi.waitFor(async () => {
      const { status } = await cluster.get<Pod>(podsPath(namespace, name));
      const waiting = status?.containerStatuses?.flatMap(({ state }) => state?.waiting?.reason ?? []) ?? [];
      if (!/Succeeded|Failed/.test(status?.phase ?? '')) throw new Error(`pod ${name} is ${status?.phase} ${waiting}`);
    }, patience);
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    const logs = containers.map(async ({ name: container }) => {
      const log = await cluster.text(`${podsPath(namespace, name)}/log`, { query: { container } });
      return [container, log] as const;
    });
    return Object.fromEntries(await Promise.all(logs));
  } finally {
    await cluster.delete(podsPath(namespace, name), { gracePeriodSeconds: 0 });
  }
}
