// The embedded cluster's DNS: `node local_cluster/cluster_dns/cluster-dns.ts`, against any kubeconfig. It is a DaemonSet
// of its own, so that it runs, restarts and is seen like everything else in the cluster.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { createAddressMap } from './address-map.ts';
import { watchClusterDirectory } from './cluster-directory.ts';
import { startDnsServer } from './dns-server.ts';
import { createZone } from './zone.ts';

try {
  await run();
} catch (error) {
  console.error(`cluster-dns: ${(error as Error).message}`);
  process.exit(1);
}

async function run(): Promise<void> {
  const host = process.env.HOST_IP ?? '127.0.0.1';
  const dnsPort = readPort('DNS_PORT', 1053);
  const healthPort = readPort('HEALTH_PORT', 1054);
  const domain = process.env.CLUSTER_DOMAIN ?? 'cluster.local';
  const mapAddress = createAddressMap(process.env.ADDRESS_MAP ?? '');

  const cluster = connectToCluster();
  const { directory, synced, stop } = watchClusterDirectory(cluster, ({ message }) => log('warn', message));
  const dns = await startDnsServer({
    host,
    port: dnsPort,
    answerQuestion: createZone({ domain, directory, mapAddress }),
  });
  const health = createServer((request, response) => {
    const isFine = request.url === '/health' || (request.url === '/ready' && directory.hasSynced());
    response.writeHead(isFine ? 200 : 503).end(isFine ? 'ok\n' : 'the cluster has not been read yet\n');
  }).listen(healthPort, host);
  await once(health, 'listening');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      stop();
      health.close();
      await Promise.all([dns.close(), cluster.close()]);
    });
  }
  log('info', `answers for ${domain} on ${host}:${dnsPort}`);
  await synced;
  log('info', 'the cluster has been read');
}

function readPort(name: string, otherwise: number): number {
  const text = process.env[name] ?? String(otherwise);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${name}: '${text}' is not a port`);
  return port;
}

function log(level: 'info' | 'warn', message: string): void {
  console.log(JSON.stringify({ level, time: Date.now(), name: 'cluster-dns', msg: message }));
}
