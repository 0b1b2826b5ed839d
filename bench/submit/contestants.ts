// Those who take jobs, each into a namespace of its own and with an account that may do there what a tier may.
import { randomUUID } from 'node:crypto';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { Pool } from 'undici';
import { freeTier } from '../../free_service/app/tier.ts';
import { createStampClock } from '../../tier_service/records/stamp-clock.ts';
import { jobsPath } from '../../tier_service/state/job-paths.ts';
import { buildJob } from '../../tier_service/submission/job-builder.ts';
import { randomJobName } from '../../tier_service/submission/job-name.ts';
import { hashOf } from '../../tier_service/submission/job-request.ts';
import { loadJobTemplate } from '../../tier_service/submission/job-template.ts';
import { startFlask } from '../flask/flask-service.ts';
import { createTierAccount } from '../setup/accounts.ts';
import { type BenchCluster, createQuotaNamespace } from '../setup/bench-cluster.ts';
import { startProxies } from '../setup/proxies.ts';
import { startTier } from '../setup/services.ts';

export type ContestantName = 'mesh' | 'straight' | 'flask' | 'gunicorn';

export interface Contestant {
  name: ContestantName;
  namespace: string;
  /** Has one job accepted; rejects unless it was. */
  submit(): Promise<void>;
  /** Its processes, beside the control plane's and the client's. */
  pids(): number[];
}

interface Options {
  envoy: string;
  /** How many connections a client keeps. */
  clients: number;
}

/** Starts all of them; they end with the stack. */
export async function startContestants(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  options: Options,
): Promise<Contestant[]> {
  const namespaces = ['free-service', 'straight', 'flask', 'gunicorn'];
  for (const namespace of namespaces) await createQuotaNamespace(cluster.api, namespace);
  return [
    await startMesh(stack, cluster, options),
    await startStraight(stack, cluster, options),
    await startFlaskContestant(stack, cluster, 'flask', options),
    await startFlaskContestant(stack, cluster, 'gunicorn', options),
  ];
}

async function startMesh(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  { envoy, clients }: Options,
): Promise<Contestant> {
  const kubeconfig = await createTierAccount(cluster, 'free-service');
  const env = { MAX_UNFINISHED_JOBS: '1000000' };
  const tier = await startTier(stack, cluster, 'free', { address: 1, kubeconfig, env });
  const proxies = await startProxies(stack, cluster, { envoy, tiers: { free: tier }, address: 2 });
  const submit = postTo(stack, proxies.url, clients);
  return { name: 'mesh', namespace: 'free-service', submit, pids: () => [tier.pid, ...proxies.pids] };
}

/** The very Jobs that the tier would make, by one pool of connections. */
async function startStraight(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  { clients }: Options,
): Promise<Contestant> {
  const namespace = 'straight';
  const kubeconfig = await createTierAccount(cluster, namespace);
  const api = connectToCluster({ kubeconfig, connections: clients });
  stack.defer(() => api.close());
  const template = loadJobTemplate(freeTier);
  const clock = createStampClock(Date.now);
  const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;
  return {
    name: 'straight',
    namespace,
    async submit() {
      const job = buildJob(template, choices, {
        name: randomJobName('free-job-template-'),
        namespace,
        suspend: true,
        accepted: clock.next(),
        requestId: randomUUID(),
        requestHash: hashOf(choices),
      });
      await api.create(jobsPath(namespace), job, { timeoutMs: 30_000 });
    },
    pids: () => [],
  };
}

async function startFlaskContestant(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  name: 'flask' | 'gunicorn',
  { clients }: Options,
): Promise<Contestant> {
  const server = name === 'flask' ? 'own' : 'gunicorn';
  const { url, pids } = await startFlask(stack, cluster, {
    server,
    namespace: name,
    kubeconfig: await createTierAccount(cluster, name),
    address: server === 'own' ? 4 : 5,
  });
  return { name, namespace: name, submit: postTo(stack, url, clients), pids };
}

function postTo(stack: AsyncDisposableStack, url: string, connections: number): () => Promise<void> {
  const pool = new Pool(url, { connections });
  stack.defer(() => pool.destroy());
  const headers = { 'content-type': 'application/json' };
  return async () => {
    const answer = await pool.request({ method: 'POST', path: '/free', headers, body: '{"dataset":"mnist"}' });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
  };
}
