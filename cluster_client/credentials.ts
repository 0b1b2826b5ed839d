// With what the API server is asked: pools of connections that have the certificates, and headers that have the token.
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { KubernetesError } from './kubernetes-error.ts';

/** Account tokens are renewed in their file well before they end; a cached one is at most this old. */
const credentialsMaxAgeMs = 30_000;
const connectTimeoutMs = 5_000;

/** The most that are followed at a time, and the most other bodies that are being streamed. */
const mostFollowed = 256;
const mostStreams = 64;

/** A pool for each kind of request, so that none can take the connections of another. */
export interface Pools {
  calls: Dispatcher;
  watches: Dispatcher;
  /** Streams that end when their subject does. */
  followed: Dispatcher;
  /** Streams that end by themselves, but only as fast as they are read. */
  streams: Dispatcher;
}

/** Reads headers and certificates from the kubeconfig now and then, and keeps the pools while the certificates stay. */
export function createCredentials(config: KubeConfig, connections: number) {
  let current: { pools: Pools; headers: Record<string, string>; identity: string; readAt: number } | undefined;
  let reading: Promise<NonNullable<typeof current>> | undefined;

  async function read() {
    const options: Record<string, unknown> & { headers?: Record<string, string> } = {};
    await config.applyToHTTPSOptions(options as never);
    const tls = pick(options, ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername']);
    const identity = JSON.stringify(tls);
    const headers = { ...options.headers };
    const old = current;
    const pools = old?.identity === identity ? old.pools : createPools(config, tls, connections);
    if (old && old.pools !== pools) for (const pool of Object.values(old.pools)) void pool.close();
    current = { pools, headers, identity, readAt: performance.now() };
    return current;
  }

  function credentials() {
    if (current && performance.now() - current.readAt < credentialsMaxAgeMs) return current;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }
  credentials.close = async () => {
    const pools = Object.values(current?.pools ?? {});
    await Promise.all(pools.map((pool: Dispatcher) => pool.destroy(null)));
  };
  return credentials;
}

function createPools(config: KubeConfig, tls: Record<string, unknown>, connections: number): Pools {
  return {
    calls: createPool(config, tls, connections),
    // As many as are asked for: a service has a few, and each has to be there.
    watches: createPool(config, tls, null),
    followed: createPool(config, tls, mostFollowed),
    streams: createPool(config, tls, mostStreams),
  };
}

function createPool(config: KubeConfig, tls: Record<string, unknown>, connections: number | null): Dispatcher {
  const options = config.createDispatcherOptions(config.getCurrentCluster(), tls);
  const pool = { connections, pipelining: 1, keepAliveTimeout: 30_000, allowH2: false };
  switch (options.type) {
    case 'proxy':
      return new ProxyAgent({ ...pool, uri: options.uri, requestTls: options.requestTls as never });
    case 'agent':
      return new Agent({ ...pool, connect: { ...(options.connect as object), timeout: connectTimeoutMs } });
    case 'none':
      return new Agent({ ...pool, connect: { timeout: connectTimeoutMs } });
    default:
      throw new KubernetesError({ status: 0, reason: 'Unreachable', message: 'SOCKS proxies are not supported' });
  }
}

function pick(from: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}
