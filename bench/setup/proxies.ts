// The Envoys on a request's way, with the mesh's own configurations: only addresses are put into them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startProcess } from './background-process.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { projectFolder, type Service } from './services.ts';

interface SocketAddress {
  address: string;
  port_value: number;
}

interface ProxyPlan {
  name: string;
  /** The configuration, from the project's folder. */
  file: string;
  /** Which of the cluster's addresses it listens on. */
  address: number;
  /** Where the service behind it is; everything else that it routes to is away. */
  upstream: { host: string; address: string };
  concurrency: number;
  /** A path that it answers as soon as requests come through. */
  readyPath: string;
}

interface ProxyOptions {
  /** The program. */
  envoy: string;
  /** The free tier, which runs. */
  tier: Service;
  /** Which of the cluster's addresses they listen on. */
  front: number;
  sidecar: number;
}

/** Starts front proxy and sidecar before a free tier that runs; they end with the stack. */
export async function startProxies(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  { envoy, tier, front: frontAddress, sidecar: sidecarAddress }: ProxyOptions,
): Promise<{ url: string; pids: number[] }> {
  const start = (plan: ProxyPlan) => startProxy(stack, cluster, envoy, plan);
  const sidecar = await start({
    name: 'sidecar',
    file: 'free_service/free_tier_envoy.yaml',
    address: sidecarAddress,
    upstream: { host: '127.0.0.1', address: new URL(tier.url).hostname },
    concurrency: 1,
    readyPath: '/free/queue',
  });
  const front = await start({
    name: 'front-proxy',
    file: 'web_tier/web_tier_envoy.yaml',
    address: frontAddress,
    upstream: { host: 'free-tier.free-tier.svc.cluster.local', address: cluster.address(sidecarAddress) },
    concurrency: 2,
    readyPath: '/free/queue',
  });
  return { url: front.url, pids: [sidecar.pid, front.pid] };
}

async function startProxy(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  envoy: string,
  { name, file, address, upstream, concurrency, readyPath }: ProxyPlan,
): Promise<Service> {
  const own = cluster.address(address);
  const config = parse(readFileSync(join(projectFolder, file), 'utf8'));
  forEachAddress(config, (socket) => {
    if (socket.address === '0.0.0.0') socket.address = own;
    else if (socket.address === upstream.host && socket.port_value !== 9901) socket.address = upstream.address;
    else if (socket.port_value === 9901) socket.address = own;
    // Nothing listens there, and no name server is asked for it.
    else socket.address = cluster.address(250);
  });
  const configFile = join(cluster.folder, `${name}.yaml`);
  writeFileSync(configFile, stringify(config));
  const running = await startProcess(stack, {
    name,
    command: envoy,
    args: ['-c', configFile, '--concurrency', String(concurrency), '--log-level', 'warn', '--disable-hot-restart'],
    env: { RATE_LIMIT_REQUEST_COST: '1', RATE_LIMIT_POST_COST: '1' },
    folder: cluster.folder,
    readyUrl: `http://${own}:8080${readyPath}`,
  });
  return { ...running, url: `http://${own}:8080` };
}

/** Calls the visitor with every `socket_address` in a configuration. */
function forEachAddress(node: unknown, visit: (socket: SocketAddress) => void): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'socket_address') visit(value as SocketAddress);
    else forEachAddress(value, visit);
  }
}
