// A stub of the Kubernetes API at the wire, for tests: Jobs, pods and ResourceQuotas that can be created, read, watched,
// patched and deleted under the API's own rules on names, versions and uids, and that no controller acts on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refusal, startStandInServer } from '@ml-job-mesh/cluster-client/testing/stand-in-server.ts';
import { createStubLog, type StubLog } from './stub-log.ts';
import { type ApiObject, createStubObjects } from './stub-objects.ts';

export interface StubCall {
  method: string;
  path: string;
  query: URLSearchParams;
  body: ApiObject;
}

/** What happens to a call instead of, or (`lose-answer`) besides, what it asks for. */
export type StubFault = 'lose-answer' | 'hang' | { status: number; body?: object; headers?: Record<string, string> };

const kinds = ['jobs', 'pods', 'resourcequotas'];

/** Starts the stub on a free port of the loopback interface. */
export async function startStubApiServer() {
  const objects = createStubObjects();
  const calls: StubCall[] = [];
  const logs = new Map<string, StubLog>();
  const stub = { faultFor: (_call: StubCall): StubFault | undefined => undefined };

  function serveLog(pod: string, query: URLSearchParams, response: ServerResponse): void {
    const log = logs.get(pod);
    if (!log) throw refusal(404, 'NotFound');
    log.serve(query, response);
  }

  function act({ method, path, query, body }: StubCall, response: ServerResponse): ApiObject | undefined {
    if (path === '/readyz') return 'ok';
    if (/^\/api\/v1\/namespaces\/[^/]+$/.test(path)) return { metadata: { uid: `uid-of-${path.split('/').at(-1)}` } };
    const parts = path.split('/');
    if (parts.at(-1) === 'log') return void serveLog(parts.at(-2)!, query, response);
    const isCollection = kinds.includes(parts.at(-1)!);
    const name = isCollection ? '' : parts.pop()!;
    const collection = parts.join('/');
    if (!kinds.includes(parts.at(-1)!)) throw refusal(404, 'NotFound');
    if (query.has('watch')) return void objects.watch(collection, query, response);
    if (method === 'GET' && isCollection) {
      const [label, value] = query.get('labelSelector')?.split('=') ?? [];
      const items = objects
        .list(collection)
        .filter(({ metadata }) => label === undefined || metadata.labels?.[label] === value);
      return { items, metadata: { resourceVersion: objects.version() } };
    }
    if (method === 'GET') return objects.find(collection, name);
    if (method === 'POST') return objects.create(collection, body);
    if (method === 'PATCH') return objects.patch(collection, name, body);
    return objects.remove(collection, name, body);
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
    list: objects.list,
    has: objects.has,
    find: objects.find,
    create: objects.create,
    /** Merges a change into an object, as a merge patch does. */
    change: objects.patch,
    remove: objects.remove,
    /** Gives a pod a log, which is empty at first. */
    createLog(pod: string): StubLog {
      const log = createStubLog();
      logs.set(pod, log);
      return log;
    },
  });
}
