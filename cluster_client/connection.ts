import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { startDeadline } from './call-deadline.ts';
import { createCredentials, type Pools } from './credentials.ts';
import { loadAccess } from './kubeconfig.ts';
import { errorFromAnswer, errorFromFault } from './kubernetes-error.ts';
import { createServerClock } from './server-clock.ts';
import { isBinary, preferBinary, readBinaryStatus } from './watch-events.ts';

export interface ConnectOptions {
  /** A kubeconfig file; without it `KUBECONFIG`, the home folder's, or the pod's own account, in this order. */
  kubeconfig?: string | undefined;
  /** A context of that file; its current one if left out. */
  context?: string | undefined;
  /** The greatest number of connections for ordinary calls. */
  connections?: number;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal;
  /**
   * How long the call may take from now on, the wait for a connection and the answer's body included; of a stream or a
   * watch only until its headers have come. 5,000 ms if left out.
   */
  timeoutMs?: number;
}

export interface StreamOptions extends RequestOptions {
  /** Whether the answer goes on for as long as its subject does. Those have connections of their own. */
  follow?: boolean;
  /** How long the body may be silent before it counts as broken; for ever if left out. */
  silenceMs?: number;
}

export interface PatchOptions extends RequestOptions {
  type?: keyof typeof patchTypes;
  /** Who owns the fields of a server-side apply. */
  fieldManager?: string;
  force?: boolean;
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** What asks the API server for an object without its spec and status. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const defaultTimeoutMs = 5_000;

export type ClusterConnection = ReturnType<typeof connectToCluster>;

/**
 * Connects to a cluster. Connections are kept alive; the Kubernetes client library would open a new one for each request.
 * Ordinary calls, watches, followed streams and other streams have pools of their own, so that however many of one kind
 * there are, they never hold up the others.
 * @throws Error when there is no kubeconfig, or the context that was named is not in it
 */
export function connectToCluster({ kubeconfig, context, connections = 256 }: ConnectOptions = {}) {
  const access = loadAccess(kubeconfig, context);
  const server = new URL(access.server);
  const origin = server.origin;
  const basePath = server.pathname.replace(/\/$/, '');
  const credentials = createCredentials(access, connections);
  const clock = createServerClock();

  async function request(
    method: Dispatcher.HttpMethod,
    path: string,
    options: SendOptions,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { pools, headers } = await credentials();
    // It may have been given up while the credentials were read.
    signal.throwIfAborted();
    const sentAt = clock.elapsed();
    const answer = await pools[options.pool ?? 'calls'].request({
      origin,
      method,
      path: basePath + path + queryString(options.query),
      headers: {
        accept: options.accept ?? 'application/json',
        ...headers,
        ...(options.contentType && { 'content-type': options.contentType }),
      },
      headersTimeout: 0,
      bodyTimeout: options.silenceMs ?? 0,
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      signal,
    });
    clock.note(headerOf(answer, 'date'), sentAt);
    if (answer.statusCode < 300) return answer;
    throw errorFromAnswer(answer.statusCode, await textOfError(answer), headerOf(answer, 'retry-after'));
  }

  /** Makes a call and reads its whole answer before its deadline. */
  async function call<T>(
    method: Dispatcher.HttpMethod,
    path: string,
    options: SendOptions,
    read: (body: Dispatcher.ResponseData['body']) => Promise<T>,
  ): Promise<T> {
    const deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
    try {
      const answered = request(method, path, options, deadline.signal).then(({ body }) => read(body));
      return await Promise.race([answered, deadline.passed]);
    } catch (fault) {
      throw errorFromFault(fault);
    } finally {
      deadline.clear();
    }
  }

  function json<T>(method: Dispatcher.HttpMethod, path: string, options: SendOptions): Promise<T> {
    return call(method, path, options, (body) => body.json() as Promise<T>);
  }

  /** Makes a call whose headers have to come before its deadline, and whose body takes what time it takes. */
  async function open(path: string, options: SendOptions): Promise<Dispatcher.ResponseData> {
    const deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
    try {
      const answer = await Promise.race([request('GET', path, options, deadline.signal), deadline.passed]);
      deadline.lift();
      answer.body.once('close', deadline.clear);
      return answer;
    } catch (fault) {
      deadline.clear();
      throw errorFromFault(fault);
    }
  }

  return {
    /** The API server's address. */
    server: server.href,

    /** The time of day by the API server's clock, as far as its answers tell it, in milliseconds since 1970. */
    now: clock.now,

    get: <T>(path: string, options: RequestOptions = {}) => json<T>('GET', path, options),

    create: <T>(path: string, body: unknown, options: RequestOptions = {}) =>
      json<T>('POST', path, { ...options, body, contentType: 'application/json' }),

    /**
     * Like `create`, but gives the new object's metadata alone, which is all that the API server then has to write and
     * this side to read.
     */
    createForMetadata: async <M>(path: string, body: unknown, options: RequestOptions = {}): Promise<M> => {
      const answered = { ...options, body, contentType: 'application/json', accept: metadataOnly };
      return (await json<{ metadata: M }>('POST', path, answered)).metadata;
    },

    replace: <T>(path: string, body: unknown, options: RequestOptions = {}) =>
      json<T>('PUT', path, { ...options, body, contentType: 'application/json' }),

    patch: <T>(path: string, body: unknown, { type = 'merge', fieldManager, force, ...options }: PatchOptions = {}) =>
      json<T>('PATCH', path, {
        ...options,
        query: { ...options.query, fieldManager, force },
        body,
        contentType: patchTypes[type],
      }),

    delete: <T>(path: string, body?: unknown, options: RequestOptions = {}) =>
      json<T>('DELETE', path, { ...options, ...(body !== undefined && { body, contentType: 'application/json' }) }),

    /** The whole answer as text. */
    text: (path: string, options: RequestOptions = {}) => call('GET', path, options, (body) => body.text()),

    /** The answer's body as it comes. */
    async stream(path: string, { follow, ...options }: StreamOptions = {}): Promise<Readable> {
      const query = { ...options.query, ...(follow && { follow }) };
      return (await open(path, { ...options, query, pool: follow ? 'followed' : 'streams' })).body;
    },

    /**
     * A watch's body as it comes, and whether it is in Kubernetes' binary form.
     * @param mayBeBinary whether it is asked for in that form, if the server has it; otherwise in JSON
     */
    async watch(
      path: string,
      { mayBeBinary, ...options }: RequestOptions & { mayBeBinary: boolean },
    ): Promise<{ body: Readable; isBinary: boolean }> {
      const query = { ...options.query, watch: true };
      const accept = mayBeBinary ? preferBinary : undefined;
      const answer = await open(path, { ...options, query, accept, pool: 'watches' });
      return { body: answer.body, isBinary: isBinary(headerOf(answer, 'content-type')) };
    },

    /** Ends every connection, running requests included. */
    close: () => credentials.close(),
  };
}

interface SendOptions extends RequestOptions {
  body?: unknown;
  contentType?: string;
  accept?: string | undefined;
  silenceMs?: number;
  pool?: keyof Pools;
}

function queryString(query: RequestOptions['query']): string {
  if (!query) return '';
  const given = Object.entries(query).filter(
    (pair): pair is [string, string | number | boolean] => pair[1] !== undefined,
  );
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : '';
}

/** An error's body; a Status in the binary form as it would be in JSON. */
async function textOfError(answer: Dispatcher.ResponseData): Promise<string> {
  if (!isBinary(headerOf(answer, 'content-type'))) return answer.body.text();
  return JSON.stringify(readBinaryStatus(await answer.body.bytes()));
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
