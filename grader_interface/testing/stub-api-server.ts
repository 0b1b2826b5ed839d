/**
 * A stub of the Kubernetes API for tests, at the wire: it lists and watches pods, serves logs and quotas, and
 * breaks in the ways that a real API server does but cannot be told to.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubernetesObject, V1ResourceQuota } from '@kubernetes/client-node';
import { refusal, startStandInServer } from '@ml-job-mesh/cluster-client/testing/stand-in-server.ts';
import { createWatchHistory } from '@ml-job-mesh/cluster-client/testing/watch-history.ts';
import type { WatchedPod } from '../watched-pod.ts';

export type StubApiServer = Awaited<ReturnType<typeof startStubApiServer>>;

/** Starts the stub on a free port of the loopback interface. */
export async function startStubApiServer() {
  const pods = new Map<string, WatchedPod>();
  const history = createWatchHistory();
  const logs = new Map<string, (response: ServerResponse) => void>();
  const quotas = new Map<string, V1ResourceQuota[]>();
  /** Nodes and quotas, as they are listed and watched over the whole cluster. */
  const others = { nodes: new Map<string, KubernetesObject>(), resourcequotas: new Map<string, KubernetesObject>() };
  const requests: string[] = [];
  let failure: { status: number; path: string | undefined } | undefined;

  function publish(type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: WatchedPod): void {
    const object = structuredClone(pod);
    history.record(type, 'pods', object);
    if (type === 'DELETED') pods.delete(keyOf(pod));
    else pods.set(keyOf(pod), object);
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://stub');
    requests.push(url.pathname);
    const [, namespace, kind, name] =
      /^\/api\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+)\/log)?$/.exec(url.pathname) ?? [];
    if (failure && [undefined, url.pathname].includes(failure.path))
      reply(response, failure.status, refusal(failure.status, 'Stub'));
    else if (kind && url.searchParams.has('watch')) history.serve(kind, url.searchParams, response);
    else if (kind === 'pods' && !name) {
      reply(response, 200, { metadata: { resourceVersion: history.version() }, items: [...pods.values()] });
    } else if (kind === 'pods' && logs.has(name!)) logs.get(name!)!(response);
    else if (!namespace && (kind === 'nodes' || kind === 'resourcequotas')) {
      const items = [...others[kind].values()];
      reply(response, 200, { metadata: { resourceVersion: history.version() }, items });
    } else if (kind === 'resourcequotas') reply(response, 200, { items: quotas.get(namespace!) ?? [] });
    else reply(response, 404, refusal(404, 'NotFound'));
  }

  const server = await startStandInServer(answer);

  return {
    ...server,
    /** The path of every request so far. */
    requests,
    /** Creates a pod or changes it. */
    putPod: (pod: WatchedPod) => publish(pods.has(keyOf(pod)) ? 'MODIFIED' : 'ADDED', pod),
    deletePod: (pod: WatchedPod) => publish('DELETED', pod),
    /** Creates a node or a quota that is watched over the whole cluster, or changes it. */
    put(kind: 'nodes' | 'resourcequotas', object: KubernetesObject): void {
      const copy = structuredClone(object);
      history.record(others[kind].has(keyOf(copy)) ? 'MODIFIED' : 'ADDED', kind, copy);
      others[kind].set(keyOf(copy), copy);
    },
    setLog: (pod: string, write: (response: ServerResponse) => void) => logs.set(pod, write),
    setQuotas: (namespace: string, items: V1ResourceQuota[]) => quotas.set(namespace, items),
    /** Answers every request, or those of one path, with this status, and ends the watches; without one, all is well again. */
    failWith(status: number | undefined, path?: string): void {
      failure = status === undefined ? undefined : { status, path };
      history.cut();
    },
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}
