// What tests put in the place of a Kubernetes API server: at the wire, so that everything of the clients is tested.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StandInServer {
  /** A kubeconfig file that leads here. */
  kubeconfig: string;
  /** Cuts all connections, and refuses new ones until it comes back. */
  goAway(): Promise<void>;
  /** Listens again, where it did. */
  comeBack(): Promise<void>;
  /** Cuts all connections, and removes that file. */
  stop(): Promise<void>;
}

/** Starts a server for plain HTTP on a free port of the loopback interface. */
export async function startStandInServer(answer: RequestListener): Promise<StandInServer> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-server-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}`));

  async function goAway(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  return {
    kubeconfig,
    goAway,
    async comeBack() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      await goAway();
      rmSync(folder, { recursive: true });
    },
  };
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'stand-in',
    clusters: [{ name: 'stand-in', cluster: { server, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'stand-in' } }],
    users: [{ name: 'stand-in', user: {} }],
  });
}

/** The body of a refusal, as the API server gives it. */
export function refusal(code: number, reason: string) {
  const message = `the stub answers ${code}`;
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
