// The Envoys on a request's way, with the mesh's own configurations: only addresses are put into them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startProcess } from './background-process.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { projectFolder, type Service } from './services.ts';

interface ProxyOptions {
  /** The program. */
  envoy: string;
  /** The tiers, which run. A tier's sidecar listens 10 addresses above the tier. */
  tiers: Partial<Record<'free' | 'premium', Service>>;
  /** Which of the cluster's addresses the front proxy listens on. */
  address: number;
}

interface SocketAddress {
  address: string;
  port_value: number;
}

interface ProxyPlan {
  name: string;
  /** The configuration, from the project's folder. */
  file: string;
  /** Where it listens. */
  address: string;
  /** The addresses of the hosts that it routes to; those that are not named are away. */
  upstreams: Record<string, string>;
  concurrency: number;
  /** A path that it answers as soon as requests come through. */
  readyPath: string;
}

/** Starts the front proxy and a sidecar for each tier; they end with the stack. */
export async function startProxies(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  { envoy, tiers, address }: ProxyOptions,
): Promise<{ url: string; pids: number[] }> {
  const start = (plan: ProxyPlan) => startProxy(stack, cluster, envoy, plan);
  const sidecars: Service[] = [];
  const upstreams: Record<string, string> = {};
  for (const [tier, { url }] of Object.entries(tiers)) {
    const tierAddress = new URL(url).hostname;
    const sidecar = await start({
      name: `${tier}-sidecar`,
      file: `${tier}_service/${tier}_tier_envoy.yaml`,
      address: tierAddress.replace(/\d+$/, (last) => String(Number(last) + 10)),
      upstreams: { '127.0.0.1': tierAddress },
      concurrency: 1,
      readyPath: `/${tier}/queue`,
    });
    sidecars.push(sidecar);
    upstreams[`${tier}-tier.${tier}-tier.svc.cluster.local`] = new URL(sidecar.url).hostname;
  }
  const front = await start({
    name: 'front-proxy',
    file: 'web_tier/web_tier_envoy.yaml',
    address: cluster.address(address),
    upstreams,
    concurrency: 2,
    readyPath: `/${Object.keys(tiers).at(-1)}/queue`,
  });
  return { url: front.url, pids: [front, ...sidecars].map(({ pid }) => pid) };
}

async function startProxy(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  envoy: string,
  { name, file, address, upstreams, concurrency, readyPath }: ProxyPlan,
): Promise<Service> {
  const config = parse(readFileSync(join(projectFolder, file), 'utf8'));
  // All of them run in one folder, where there is one socket for it.
  delete config.admin;
  forEachAddress(config, (socket) => {
    // Nothing listens at the last one, and no name server is asked for it.
    socket.address = socket.address === '0.0.0.0' ? address : (upstreams[socket.address] ?? cluster.address(250));
  });
  const configFile = join(cluster.folder, `${name}.yaml`);
  writeFileSync(configFile, stringify(config));
  const running = await startProcess(stack, {
    name,
    command: envoy,
    args: ['-c', configFile, '--concurrency', String(concurrency), '--log-level', 'warn', '--disable-hot-restart'],
    env: { RATE_LIMIT_REQUEST_COST: '1', RATE_LIMIT_POST_COST: '1' },
    folder: cluster.folder,
    readyUrl: `http://${address}:8080${readyPath}`,
  });
  return { ...running, url: `http://${address}:8080` };
}

/** Calls the visitor with every `socket_address` in a configuration. */
function forEachAddress(node: unknown, visit: (socket: SocketAddress) => void): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'socket_address') visit(value as SocketAddress);
    else forEachAddress(value, visit);
  }
}
