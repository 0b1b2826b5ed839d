import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { parse } from 'yaml';
import { errorFromAnswer, errorFromFault, KubernetesError } from './kubernetes-error.ts';

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

/** Account tokens are renewed in their file well before they end; a cached one is at most this old. */
const credentialsMaxAgeMs = 30_000;
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
      const text = await answer.body.text();
      throw errorFromAnswer(answer.statusCode, text, headerOf(answer, 'retry-after'));
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

    /** The answer's body as it comes, for logs and watches; there is no time-out between its parts. */
    async stream(path: string, options: RequestOptions = {}): Promise<Readable> {
      return (await send('GET', path, { ...options, bodyTimeoutMs: 0 })).body;
    },

    /** Ends every connection, running requests included. */
    close: () => credentials.close(),
  };
}

interface SendOptions extends RequestOptions {
  body?: unknown;
  contentType?: string;
  accept?: string;
  bodyTimeoutMs?: number;
}

function loadKubeConfig(file: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (file) config.loadFromFile(file);
  else config.loadFromDefault();
  honourTokenFiles(config, file ?? process.env.KUBECONFIG);
  if (context) {
    if (!config.getContextObject(context)) {
      const known = config.getContexts().map(({ name }) => name);
      throw new Error(`no context "${context}" in the kubeconfig; it has ${known.join(', ') || 'none'}`);
    }
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()) throw new Error('no cluster: the kubeconfig names no current context');
  // Refuses what could never connect, such as plain HTTP, now instead of at every request.
  config.createDispatcherOptions(config.getCurrentCluster(), {});
  return config;
}

/** A user's `tokenFile`, which the library passes over, becomes one that is read again as the token is renewed. */
function honourTokenFiles(config: KubeConfig, files: string | undefined): void {
  const users = (files ?? '')
    .split(delimiter)
    .filter((file) => existsSync(file))
    .flatMap(usersOf);
  for (const { name, user } of users) {
    const known = config.users.findIndex((candidate) => candidate.name === name);
    if (!user?.tokenFile || known < 0) continue;
    config.users[known] = {
      ...config.users[known]!,
      authProvider: { name: 'tokenFile', config: { tokenFile: user.tokenFile } },
    };
  }
}

function usersOf(file: string): { name: string; user?: { tokenFile?: string } }[] {
  return parse(readFileSync(file, 'utf8'))?.users ?? [];
}

/** Reads headers and certificates from the kubeconfig now and then, and keeps the pool while the certificates stay. */
function createCredentials(config: KubeConfig, connections: number) {
  let current:
    | { dispatcher: Dispatcher; headers: Record<string, string>; identity: string; readAt: number }
    | undefined;
  let reading: Promise<NonNullable<typeof current>> | undefined;

  async function read() {
    const options: Record<string, unknown> & { headers?: Record<string, string> } = {};
    await config.applyToHTTPSOptions(options as never);
    const tls = pick(options, ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername']);
    const identity = JSON.stringify(tls);
    const headers = { ...options.headers };
    const old = current;
    const dispatcher = old?.identity === identity ? old.dispatcher : createPool(config, tls, connections);
    if (old && old.dispatcher !== dispatcher) void old.dispatcher.close();
    current = { dispatcher, headers, identity, readAt: Date.now() };
    return current;
  }

  function credentials() {
    if (current && Date.now() - current.readAt < credentialsMaxAgeMs) return current;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }
  credentials.close = async () => {
    await current?.dispatcher.destroy(null);
  };
  return credentials;
}

function createPool(config: KubeConfig, tls: Record<string, unknown>, connections: number): Dispatcher {
  const options = config.createDispatcherOptions(config.getCurrentCluster(), tls);
  const pool = { connections, pipelining: 1, keepAliveTimeout: 30_000, allowH2: false };
  switch (options.type) {
    case 'proxy':
      return new ProxyAgent({ ...pool, uri: options.uri, requestTls: options.requestTls as never });
    case 'agent':
      return new Agent({ ...pool, connect: { ...(options.connect as object), timeout: defaultTimeoutMs } });
    case 'none':
      return new Agent({ ...pool, connect: { timeout: defaultTimeoutMs } });
    default:
      throw new KubernetesError({ status: 0, reason: 'Unreachable', message: 'SOCKS proxies are not supported' });
  }
}

function pick(from: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}

function queryString(query: RequestOptions['query']): string {
  if (!query) return '';
  const given = Object.entries(query).filter(
    (pair): pair is [string, string | number | boolean] => pair[1] !== undefined,
  );
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : '';
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
