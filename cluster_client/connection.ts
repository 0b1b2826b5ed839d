import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createCredentials } from './credentials.ts';
import { loadKubeConfig } from './kubeconfig.ts';
import { errorFromAnswer, errorFromFault } from './kubernetes-error.ts';
import { isBinary, preferBinary, readBinaryStatus } from './watch-events.ts';

export interface ConnectOptions {
  /** A kubeconfig file; without it `KUBECONFIG`, the home folder's, or the pod's own account, in this order. */
  kubeconfig?: string | undefined;
  /** A context of that file; its current one if left out. */
  context?: string | undefined;
  /** The greatest number of connections kept to the API server. */
  connections?: number;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal;
  /** How long to wait for the answer's headers, and between parts of its body; 5,000 ms if left out. */
  timeoutMs?: number;
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
 * Connects to a cluster. All requests, watches and log streams share one pool of kept-alive connections; the
 * Kubernetes client library would open a new TLS connection for each request.
 * @throws Error when there is no kubeconfig, or the context that was named is not in it
 */
export function connectToCluster({ kubeconfig, context, connections = 256 }: ConnectOptions = {}) {
  const config = loadKubeConfig(kubeconfig, context);
  const server = new URL(config.getCurrentCluster()!.server);
  const origin = server.origin;
  const basePath = server.pathname.replace(/\/$/, '');
  const credentials = createCredentials(config, connections);

  async function send(
    method: Dispatcher.HttpMethod,
    path: string,
    options: SendOptions,
  ): Promise<Dispatcher.ResponseData> {
    try {
      const { dispatcher, headers } = await credentials();
      const answer = await dispatcher.request({
        origin,
        method,
        path: basePath + path + queryString(options.query),
        headers: {
          accept: options.accept ?? 'application/json',
          ...headers,
          ...(options.contentType && { 'content-type': options.contentType }),
        },
        headersTimeout: options.timeoutMs ?? defaultTimeoutMs,
        bodyTimeout: options.bodyTimeoutMs ?? options.timeoutMs ?? defaultTimeoutMs,
        ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
        ...(options.signal && { signal: options.signal }),
      });
      if (answer.statusCode < 300) return answer;
      throw errorFromAnswer(answer.statusCode, await textOfError(answer), headerOf(answer, 'retry-after'));
    } catch (fault) {
      throw errorFromFault(fault);
    }
  }

  async function json<T>(method: Dispatcher.HttpMethod, path: string, options: SendOptions): Promise<T> {
    const answer = await send(method, path, options);
    try {
      return (await answer.body.json()) as T;
    } catch (fault) {
      throw errorFromFault(fault);
    }
  }

  return {
    /** The API server's address. */
    server: server.href,

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
    async text(path: string, options: RequestOptions = {}): Promise<string> {
      const answer = await send('GET', path, options);
      try {
        return await answer.body.text();
      } catch (fault) {
        throw errorFromFault(fault);
      }
    },

    /** The answer's body as it comes; there is no time-out between its parts. */
    async stream(path: string, options: RequestOptions = {}): Promise<Readable> {
      return (await send('GET', path, { ...options, bodyTimeoutMs: 0 })).body;
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
      const answer = await send('GET', path, { ...options, query, accept, bodyTimeoutMs: 0 });
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
  bodyTimeoutMs?: number;
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
