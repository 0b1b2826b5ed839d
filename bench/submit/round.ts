// One contestant's turn: so many jobs, what they took, and everything as it was before.
import { setTimeout as sleep } from 'node:timers/promises';
import { jobsPath } from '../../tier_service/jobs/job-paths.ts';
import { closedLoop } from '../measure/closed-loop.ts';
import { cpuMs } from '../measure/cpu-time.ts';
import { untilQuiet } from '../measure/quiet.ts';
import type { BenchCluster } from '../setup/bench-cluster.ts';
import { quantile } from '../table.ts';
import type { Contestant, ContestantName } from './contestants.ts';

export interface Round {
  contestant: ContestantName;
  perSecond: number;
  medianMs: number;
  p99Ms: number;
  failures: number;
  /** Processor time for each request, in milliseconds. */
  cpuMs: { service: number; controlPlane: number; client: number };
}

/** Posts the jobs, waits until the control plane is done with them, and deletes them. */
export async function playRound(
  cluster: BenchCluster,
  contestant: Contestant,
  { clients, jobs, pauseControllers }: { clients: number; jobs: number; pauseControllers: boolean },
): Promise<Round> {
  const controllers = cluster.processes()['kube-controller-manager']!;
  if (pauseControllers) process.kill(controllers, 'SIGSTOP');
  const pids = () => Object.values(cluster.processes());
  const used = () => [cpuMs(contestant.pids()), cpuMs(pids()), ownCpuMs()];
  const before = used();
  const { seconds, latenciesMs, failures } = await closedLoop({ clients, requests: jobs }, contestant.submit);
  const client = ownCpuMs() - before[2]!;
  if (pauseControllers) process.kill(controllers, 'SIGCONT');
  await untilQuiet(pids);
  const after = used();
  await deleteJobs(cluster, contestant.namespace);
  return {
    contestant: contestant.name,
    perSecond: latenciesMs.length / seconds,
    medianMs: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    failures: [...failures.values()].reduce((sum, count) => sum + count, 0),
    cpuMs: {
      service: (after[0]! - before[0]!) / jobs,
      controlPlane: (after[1]! - before[1]!) / jobs,
      client: client / jobs,
    },
  };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function deleteJobs(cluster: BenchCluster, namespace: string): Promise<void> {
  const path = jobsPath(namespace);
  await cluster.api.delete(path, undefined, { query: { propagationPolicy: 'Background' }, timeoutMs: 300_000 });
  while ((await cluster.api.get<{ items: unknown[] }>(path, { query: { limit: 1 } })).items.length > 0) {
    await sleep(200);
  }
  await untilQuiet(() => Object.values(cluster.processes()));
}
