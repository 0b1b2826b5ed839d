// With what the API server is asked: a pool of connections that has the certificates, and headers that have the token.
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { KubernetesError } from './kubernetes-error.ts';

/** Account tokens are renewed in their file well before they end; a cached one is at most this old. */
const credentialsMaxAgeMs = 30_000;
const connectTimeoutMs = 5_000;

/** Reads headers and certificates from the kubeconfig now and then, and keeps the pool while the certificates stay. */
export function createCredentials(config: KubeConfig, connections: number) {
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
