// What the cluster tests share: the cluster they are given, a namespace of their own, and waiting for what they expect.
// They know a cluster only by its API, so they can be pointed at any: TEST_KUBECONFIG=FILE.
import { randomBytes } from 'node:crypto';
import type { CoreV1EventList, V1Container, V1ContainerStatus, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { connectToCluster, KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import { afterAll, beforeAll, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** An administrator's kubeconfig of the cluster that the tests may use. */
    kubeconfig: string;
  }
}

export const kubeconfig = process.env.TEST_KUBECONFIG ?? inject('kubeconfig');
export const cluster = connectToCluster({ kubeconfig });

/** A namespace for the tests of one file. It and everything in it is deleted after them. */
export function useNamespace(purpose: string): string {
  const name = `${purpose}-${randomBytes(3).toString('hex')}`;
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  beforeAll(async () => {
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await until(() => cluster.get(account).catch(() => undefined), 'the default account');
    await until(
      () => cluster.get(`/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`).catch(() => undefined),
      'CA',
    );
  });
  afterAll(async () => {
    await cluster.delete(`/api/v1/namespaces/${name}`).catch(() => undefined);
  });
  return name;
}

/** A container that runs a shell script. */
export function shell(script: string, more: Partial<V1Container> = {}): V1Container {
  return { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...more };
}

/** Makes a pod; it is never restarted and has no token unless `spec` says otherwise. */
export async function createPod(
  namespace: string,
  name: string,
  containers: V1Container[],
  spec: Partial<V1PodSpec> = {},
  metadata: V1Pod['metadata'] = {},
): Promise<V1Pod> {
  return cluster.create<V1Pod>(`/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace },
    spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers, ...spec },
  });
}

export function getPod(namespace: string, name: string): Promise<V1Pod> {
  return cluster.get<V1Pod>(podPath(namespace, name));
}

export function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

/** The pod as soon as it is as expected. @throws Error with its status when it is not, in time */
export async function waitForPod(
  namespace: string,
  name: string,
  isExpected: (pod: V1Pod) => unknown,
  what = 'the pod as expected',
): Promise<V1Pod> {
  let last: V1Pod | undefined;
  try {
    return await until(async () => {
      last = await getPod(namespace, name);
      return isExpected(last) ? last : undefined;
    }, what);
  } catch (cause) {
    throw new Error(`waited for ${what}; status was ${JSON.stringify(last?.status, null, 1)}`, { cause });
  }
}

export function waitForEnd(namespace: string, name: string): Promise<V1Pod> {
  return waitForPod(namespace, name, ({ status }) => /Succeeded|Failed/.test(status?.phase ?? ''), 'the end');
}

/** Every version of the pods of a namespace that a watcher sees, until it is stopped. */
export async function recordPods(namespace: string) {
  const seen: V1Pod[] = [];
  const pods = startWatchCache<V1Pod>(cluster, { path: `/api/v1/namespaces/${namespace}/pods` });
  pods.on('change', (_, pod) => seen.push(pod));
  await pods.synced;
  return { seen, stop: () => pods.stop() };
}

export async function waitUntilGone(namespace: string, name: string): Promise<void> {
  await until(async () => {
    const pod = await getPod(namespace, name).catch((fault) => fault);
    return pod instanceof KubernetesError && pod.status === 404;
  }, `${name} to be gone`);
}

export function readLogs(namespace: string, name: string, query: Record<string, string | number | boolean> = {}) {
  return cluster.text(`${podPath(namespace, name)}/log`, { query });
}

export async function eventsOf(namespace: string, name: string): Promise<{ reason: string; message: string }[]> {
  const fieldSelector = `involvedObject.name=${name}`;
  const { items } = await cluster.get<CoreV1EventList>(`/api/v1/namespaces/${namespace}/events`, {
    query: { fieldSelector },
  });
  return items.map(({ reason = '', message = '' }) => ({ reason, message }));
}

export function statusOf(pod: V1Pod, container = 'main'): V1ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
}

export function conditionsOf(pod: V1Pod): Record<string, string> {
  return Object.fromEntries((pod.status?.conditions ?? []).map(({ type, status }) => [type, status]));
}

/** What `look` finds, as soon as it finds something; a minute is given. */
export async function until<T>(look: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`gave up waiting for ${what}`);
}
