// What the cluster tests share: the cluster they are given, a namespace of their own, and waiting for what they expect.
// They know a cluster only by its API, so they can be pointed at any (TEST_KUBECONFIG=FILE), but for what is said to be of
// nodes of processes.
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

export const kubeconfig = inject('kubeconfig');
/** Whether the nodes are our own, which run containers as processes of this machine. */
export const runsProcesses = process.env.TEST_KUBECONFIG === undefined;

export const cluster = connectToCluster({ kubeconfig });

/** A namespace for the tests of one file, and the pods in it. It and everything in it is deleted after them. */
export function useNamespace(purpose: string) {
  const namespace = `${purpose}-${randomBytes(3).toString('hex')}`;
  const path = `/api/v1/namespaces/${namespace}`;
  beforeAll(async () => {
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await until(() => cluster.get(`${path}/serviceaccounts/default`).catch(() => undefined), 'the default account');
    await until(() => cluster.get(`${path}/configmaps/kube-root-ca.crt`).catch(() => undefined), 'CA');
  });
  afterAll(async () => {
    await cluster.delete(path).catch(() => undefined);
  });
  return { namespace, ...podsIn(namespace) };
}

/** What tests do with the pods of a namespace. */
function podsIn(namespace: string) {
  const pathOf = (name: string) => `/api/v1/namespaces/${namespace}/pods/${name}`;
  const get = (name: string) => cluster.get<V1Pod>(pathOf(name));

  /** The pod as soon as it is as expected. @throws Error with its status when it is not, in time */
  async function waitFor(
    name: string,
    isExpected: (pod: V1Pod) => unknown,
    what = 'the pod as expected',
  ): Promise<V1Pod> {
    let last: V1Pod | undefined;
    try {
      return await until(async () => {
        last = await get(name);
        return isExpected(last) ? last : undefined;
      }, what);
    } catch (cause) {
      throw new Error(`waited for ${what}; status was ${JSON.stringify(last?.status, null, 1)}`, { cause });
    }
  }

  return {
    get,
    waitFor,
    waitForRunning: (name: string) => waitFor(name, ({ status }) => status?.phase === 'Running', `${name} to run`),
    waitForEnd: (name: string) =>
      waitFor(name, ({ status }) => /Succeeded|Failed/.test(status?.phase ?? ''), 'the end'),

    /** Makes a pod; it is never restarted and has no token unless `spec` says otherwise. */
    create(
      name: string,
      containers: V1Container[],
      spec: Partial<V1PodSpec> = {},
      metadata: V1Pod['metadata'] = {},
    ): Promise<V1Pod> {
      return cluster.create<V1Pod>(pathOf(''), {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name, namespace },
        spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers, ...spec },
      });
    },

    list: (query: Record<string, string> = {}) =>
      cluster.get<{ items: V1Pod[] }>(pathOf(''), { query }).then(({ items }) => items),

    delete: (name: string, options?: { gracePeriodSeconds: number }) => cluster.delete(pathOf(name), options),

    async waitUntilGone(name: string): Promise<void> {
      await until(async () => {
        const pod = await get(name).catch((fault) => fault);
        return pod instanceof KubernetesError && pod.status === 404;
      }, `${name} to be gone`);
    },

    readLog: (name: string, query: Record<string, string | number | boolean> = {}) =>
      cluster.text(`${pathOf(name)}/log`, { query }),

    followLog: (name: string) => cluster.stream(`${pathOf(name)}/log`, { follow: true }),

    async eventsOf(name: string): Promise<{ reason: string; message: string }[]> {
      const fieldSelector = `involvedObject.name=${name}`;
      const { items } = await cluster.get<CoreV1EventList>(`/api/v1/namespaces/${namespace}/events`, {
        query: { fieldSelector },
      });
      return items.map(({ reason = '', message = '' }) => ({ reason, message }));
    },

    /** Every version of them that a watcher sees, until it is stopped. */
    async record() {
      const seen: V1Pod[] = [];
      const cache = startWatchCache<V1Pod>(cluster, { path: `/api/v1/namespaces/${namespace}/pods` });
      cache.on('change', (_, pod) => seen.push(pod));
      await cache.synced;
      return { seen, stop: () => cache.stop() };
    },
  };
}

/** A container that runs a shell script. */
export function shell(script: string, more: Partial<V1Container> = {}): V1Container {
  return { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...more };
}

/**
 * A script that ends with 143 on SIGTERM. In a container of its own the first process does not end on a signal that it has
 * not asked for.
 */
export const endsWhenAsked = 'trap "exit 143" TERM; sleep 600 & wait';

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
