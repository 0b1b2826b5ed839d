// A tier of a test's own: the product's code and its two Envoy files, but a namespace, a quota and a connection to
// the API server that the test may do anything to, while the mesh runs on beside it.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { scriptTemplate } from '@ml-job-mesh/tier-service/testing/script-template.ts';
import { onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import { frontFile, frontHosts, withoutRateLimit } from '../../web_tier/testing/front.ts';
import { startEnvoy } from '../../web_tier/testing/real-envoy.ts';

const sidecarFile = new URL('../../free_service/free_tier_envoy.yaml', import.meta.url);

export interface IsolatedTierOptions {
  /** With which the test sets up the namespace. */
  cluster: ClusterConnection;
  /** The kubeconfig that the tier is given. */
  kubeconfig: string;
  /** What each of its jobs does, in the shell. */
  job: string;
  /** Replicas of the tier. */
  replicas?: number;
}

/** Starts a free tier with a front Envoy and a sidecar each, until the test is over. */
export async function startIsolatedTier({ cluster, kubeconfig, job, replicas = 1 }: IsolatedTierOptions) {
  const namespace = await createNamespace(cluster);
  const folder = mkdtempSync(join(tmpdir(), 'isolated-tier-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const template = join(folder, 'job.yaml');
  writeFileSync(template, stringify(scriptTemplate(job)));

  const tiers = await Promise.all(
    Array.from({ length: replicas }, () => startTier({ kubeconfig, namespace, template: pathToFileURL(template) })),
  );
  const sidecars = await Promise.all(
    tiers.map(({ port }) => startEnvoy({ file: sidecarFile, upstreams: { '127.0.0.1:3000': port } })),
  );
  const fronts = await Promise.all(
    sidecars.map(({ port }) =>
      startEnvoy({ file: frontFile, env: withoutRateLimit, upstreams: { [frontHosts.free]: port } }),
    ),
  );
  onTestFinished(async () => {
    await Promise.all([...fronts, ...sidecars].map((envoy) => envoy.stop()));
  });
  const [first] = fronts.map(({ port }) => `http://127.0.0.1:${port}`);
  await vi.waitFor(() => expectStatus(`${first}/free/readyz`, 200), { timeout: 60_000, interval: 100 });
  return {
    namespace,
    /** The front Envoy of each replica. */
    fronts: fronts.map(({ port }) => `http://127.0.0.1:${port}`),
    tiers,
  };
}

async function createNamespace(cluster: ClusterConnection): Promise<string> {
  const name = `faults-${randomBytes(4).toString('hex')}`;
  await cluster.create('/api/v1/namespaces', { metadata: { name } });
  onTestFinished(async () => {
    await cluster.delete(`/api/v1/namespaces/${name}`);
  });
  await cluster.create(`/api/v1/namespaces/${name}/resourcequotas`, {
    metadata: { name: 'quota' },
    spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '2' } },
  });
  return name;
}

interface TierProcessOptions {
  kubeconfig: string;
  namespace: string;
  template: URL;
}

async function startTier({ kubeconfig, namespace, template }: TierProcessOptions) {
  const port = await findFreePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'tier-process.ts')], {
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: kubeconfig,
      TIER_NAMESPACE: namespace,
      TIER_JOB_TEMPLATE: template.href,
      PORT: String(port),
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
  onTestFinished(() => endProcess(child));
  await vi.waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`the tier ended with ${child.exitCode}: ${output.join('')}`);
      return expectStatus(`http://127.0.0.1:${port}/free/readyz`, 200);
    },
    { timeout: 60_000, interval: 100 },
  );
  return { port, child, output: () => output.join('') };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function expectStatus(url: string, status: number): Promise<void> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${url} answers ${answer.status}: ${text}`);
}
