// A stub of the Kubernetes API at the wire, for tests: Jobs, pods and ResourceQuotas that can be created, read, watched,
// patched and deleted under the API's own rules on names, versions and uids, and that no controller acts on.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusal, startStandInServer } from '@ml-job-mesh/cluster-client/testing/stand-in-server.ts';
import { createWatchHistory } from '@ml-job-mesh/cluster-client/testing/watch-history.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind, as JSON.
type ApiObject = any;

export interface StubCall {
  method: string;
  path: string;
  query: URLSearchParams;
  body: ApiObject;
}

/** What happens to a call instead of, or (`lose-answer`) besides, what it asks for. */
export type StubFault = 'lose-answer' | 'hang' | { status: number; body?: object; headers?: Record<string, string> };

export type StubApiServer = Awaited<ReturnType<typeof startStubApiServer>>;

const kinds = ['jobs', 'pods', 'resourcequotas'];

/** Starts the stub on a free port of the loopback interface. */
export async function startStubApiServer() {
  const objects = new Map<string, ApiObject>();
  const history = createWatchHistory();
  const calls: StubCall[] = [];
  const stub = { faultFor: (_call: StubCall): StubFault | undefined => undefined };

  function publish(type: 'ADDED' | 'MODIFIED' | 'DELETED', collection: string, object: ApiObject): void {
    history.record(type, collection, object);
    const key = `${collection}/${object.metadata.name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, object);
  }

  function create(collection: string, given: ApiObject): ApiObject {
    const object = structuredClone(given);
    if (objects.has(`${collection}/${object.metadata.name}`)) throw refusal(409, 'AlreadyExists');
    const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
    object.metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp };
    publish('ADDED', collection, object);
    return object;
  }

  function find(collection: string, name: string): ApiObject {
    const object = objects.get(`${collection}/${name}`);
    if (!object) throw refusal(404, 'NotFound');
    return structuredClone(object);
  }

  function patch(collection: string, name: string, change: ApiObject): ApiObject {
    const object = find(collection, name);
    const before = JSON.stringify(object);
    if (Array.isArray(change)) applyOperations(object, change);
    else {
      const { uid, resourceVersion } = change.metadata ?? {};
      if (uid && uid !== object.metadata.uid) throw refusal(409, 'Conflict');
      if (resourceVersion && resourceVersion !== object.metadata.resourceVersion) throw refusal(409, 'Conflict');
      merge(object, change);
    }
    if (JSON.stringify(object) !== before) publish('MODIFIED', collection, object);
    return object;
  }

  function remove(collection: string, name: string, options: ApiObject): ApiObject {
    const object = find(collection, name);
    const uid = options?.preconditions?.uid;
    if (uid && uid !== object.metadata.uid) throw refusal(409, 'Conflict');
    publish('DELETED', collection, object);
    return object;
  }

  function act({ method, path, query, body }: StubCall, response: ServerResponse): ApiObject | undefined {
    if (path === '/readyz') return 'ok';
    if (/^\/api\/v1\/namespaces\/[^/]+$/.test(path)) return { metadata: { uid: `uid-of-${path.split('/').at(-1)}` } };
    const parts = path.split('/');
    const isCollection = kinds.includes(parts.at(-1)!);
    const name = isCollection ? '' : parts.pop()!;
    const collection = parts.join('/');
    if (!kinds.includes(parts.at(-1)!)) throw refusal(404, 'NotFound');
    if (query.has('watch')) return void history.serve(collection, query, response);
    if (method === 'GET' && isCollection) {
      const [label, value] = query.get('labelSelector')?.split('=') ?? [];
      const items = [...objects]
        .filter(([key]) => key.startsWith(`${collection}/`))
        .map(([, object]) => object)
        .filter(({ metadata }) => label === undefined || metadata.labels?.[label] === value);
      return { items, metadata: { resourceVersion: history.version() } };
    }
    if (method === 'GET') return find(collection, name);
    if (method === 'POST') return create(collection, body);
    if (method === 'PATCH') return patch(collection, name, body);
    return remove(collection, name, body);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, 'http://stub');
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text ? JSON.parse(text) : undefined;
    const call: StubCall = { method: request.method!, path: pathname, query: searchParams, body };
    calls.push(call);
    const fault = stub.faultFor(call);
    if (fault === 'hang') return;
    if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(JSON.stringify(fault.body ?? refusal(fault.status, 'Stub')));
      return;
    }
    try {
      const result = act(call, response);
      if (fault === 'lose-answer') response.destroy();
      else if (result !== undefined) response.writeHead(200).end(JSON.stringify(result));
    } catch (refused) {
      if (fault === 'lose-answer') response.destroy();
      else response.writeHead((refused as { code: number }).code).end(JSON.stringify(refused));
    }
  }

  const server = await startStandInServer((request, response) => void answer(request, response));

  return Object.assign(stub, {
    ...server,
    /** Every call so far, in order. */
    calls,
    /** The objects of a collection, e.g. `/apis/batch/v1/namespaces/free-service/jobs`, in the order of their names. */
    list: (collection: string): ApiObject[] =>
      [...objects].filter(([key]) => key.startsWith(`${collection}/`)).map(([, object]) => structuredClone(object)),
    create,
    /** Merges a change into an object, as a merge patch does. */
    change: patch,
    remove,
  });
}

/** RFC 7396. */
function merge(target: ApiObject, change: ApiObject): void {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete target[name];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      target[name] ??= {};
      merge(target[name], value);
    } else target[name] = value;
  }
}

/** The operations of RFC 6902 that the tiers use; a failed test is 422, as at the real API server. */
function applyOperations(target: ApiObject, operations: { op: string; path: string; value: unknown }[]): void {
  for (const { op, path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop()!;
    const parent = keys.reduce((object, key) => object?.[key], target);
    if (parent === undefined || (op === 'test' && parent[last] !== value)) throw refusal(422, 'Invalid');
    if (op !== 'test') parent[last] = value;
  }
}
