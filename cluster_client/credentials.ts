// With what the API server is asked: pools of connections that have the certificates, and headers that have the token.
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { ClusterAccess } from './cluster-access.ts';
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
export function createCredentials(access: ClusterAccess, connections: number) {
  let current: { pools: Pools; headers: Record<string, string>; identity: string; readAt: number } | undefined;
  let reading: Promise<NonNullable<typeof current>> | undefined;

  async function read() {
    const { tls, headers } = await access.read();
    const identity = JSON.stringify(tls);
    const old = current;
    const pools = old?.identity === identity ? old.pools : createPools(access, tls, connections);
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

function createPools(access: ClusterAccess, tls: Record<string, unknown>, connections: number): Pools {
  return {
    calls: createPool(access, tls, connections),
    // As many as are asked for: a service has a few, and each has to be there.
    watches: createPool(access, tls, null),
    followed: createPool(access, tls, mostFollowed),
    streams: createPool(access, tls, mostStreams),
  };
}

function createPool(access: ClusterAccess, tls: Record<string, unknown>, connections: number | null): Dispatcher {
  const options = access.connectOptions(tls);
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
