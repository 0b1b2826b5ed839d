/**
 * A stub of the Kubernetes API for tests, at the wire: it lists and watches pods, serves logs and quotas, and
 * breaks in the ways that a real API server does but cannot be told to.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ResourceQuota } from '@kubernetes/client-node';
import type { WatchedPod } from './watched-pod.ts';

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: WatchedPod;
}

export type StubApiServer = Awaited<ReturnType<typeof startStubApiServer>>;

/** Starts the stub on a free port of the loopback interface. */
export async function startStubApiServer() {
  const pods = new Map<string, WatchedPod>();
  const events: WatchEvent[] = [];
  const watches = new Set<ServerResponse>();
  const logs = new Map<string, (response: ServerResponse) => void>();
  const quotas = new Map<string, V1ResourceQuota[]>();
  const requests: string[] = [];
  let version = 100;
  let failure: number | undefined;

  function publish(type: WatchEvent['type'], pod: WatchedPod): void {
    version += 1;
    const object = { ...pod, metadata: { ...pod.metadata!, resourceVersion: String(version) } };
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (type === 'DELETED') pods.delete(key);
    else pods.set(key, object);
    events.push({ type, object });
    for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`);
  }

  function watchPods(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const event of events) {
      if (Number(event.object.metadata?.resourceVersion) > from) response.write(`${JSON.stringify(event)}\n`);
    }
    watches.add(response);
    const end = setTimeout(() => response.end(), Number(url.searchParams.get('timeoutSeconds')) * 1_000);
    response.on('close', () => {
      clearTimeout(end);
      watches.delete(response);
    });
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://stub');
    requests.push(url.pathname);
    const [, namespace, kind, name] =
      /^\/api\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+)\/log)?$/.exec(url.pathname) ?? [];
    if (failure !== undefined) reply(response, failure, statusObject(failure));
    else if (kind === 'pods' && url.searchParams.has('watch')) watchPods(url, response);
    else if (kind === 'pods' && !name) {
      reply(response, 200, { metadata: { resourceVersion: String(version) }, items: [...pods.values()] });
    } else if (kind === 'pods' && logs.has(name!)) logs.get(name!)!(response);
    else if (kind === 'resourcequotas') reply(response, 200, { items: quotas.get(namespace!) ?? [] });
    else reply(response, 404, statusObject(404));
  }

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'stub-api-server-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

  return {
    /** A kubeconfig file that leads here. */
    kubeconfig,
    /** The path of every request so far. */
    requests,
    /** Creates a pod or changes it. */
    putPod: (pod: WatchedPod) =>
      publish(pods.has(`${pod.metadata?.namespace}/${pod.metadata?.name}`) ? 'MODIFIED' : 'ADDED', pod),
    deletePod: (pod: WatchedPod) => publish('DELETED', pod),
    setLog: (pod: string, write: (response: ServerResponse) => void) => logs.set(pod, write),
    setQuotas: (namespace: string, items: V1ResourceQuota[]) => quotas.set(namespace, items),
    /** Answers every request with this status, and ends the watches; without one, all is well again. */
    failWith(status: number | undefined): void {
      failure = status;
      for (const watch of watches) watch.destroy();
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function statusObject(code: number) {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason: 'Stub',
    message: `the stub answers ${code}`,
  };
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'stub',
    clusters: [{ name: 'stub', cluster: { server, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'stub' } }],
    users: [{ name: 'stub', user: { token: 'stub' } }],
  });
}
