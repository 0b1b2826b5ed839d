// A round: so many jobs from each contestant, and everything as it was before. They take turns in short slices, so that
// whatever else the machine does, and how fast it is meanwhile, falls on all of them; and no one's turn begins before the
// control plane is done with what the one before has posted.
import { setTimeout as sleep } from 'node:timers/promises';
import { jobsPath } from '../../tier_service/state/job-paths.ts';
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
  /** Processor time for each request while it was answered, in milliseconds. */
  cpuMs: { service: number; controlPlane: number; client: number };
}

export interface RoundOptions {
  /** How many requests of a contestant are under way at a time. */
  clients: number;
  /** How many jobs each contestant posts. */
  jobs: number;
  /** In how many slices. */
  slices: number;
  stopControllers: boolean;
}

type Slice = Awaited<ReturnType<typeof playSlice>>;

/** Plays one round, waits until the control plane is done with the jobs, and deletes them. */
export async function playRound(
  cluster: BenchCluster,
  contestants: readonly Contestant[],
  { clients, jobs, slices, stopControllers }: RoundOptions,
): Promise<Round[]> {
  const controllers = cluster.processes()['kube-controller-manager']!;
  const played = new Map<Contestant, Slice[]>(contestants.map((contestant) => [contestant, []]));
  if (stopControllers) process.kill(controllers, 'SIGSTOP');
  for (let turn = 0; turn < slices; turn++) {
    // Each goes first as often as any other.
    const first = turn % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      played
        .get(contestant)!
        .push(await playSlice(cluster, contestant, { clients, requests: Math.ceil(jobs / slices) }));
      await untilQuiet(() => Object.values(cluster.processes()));
    }
  }
  if (stopControllers) process.kill(controllers, 'SIGCONT');
  await untilQuiet(() => Object.values(cluster.processes()));
  await Promise.all(contestants.map(({ namespace }) => deleteJobs(cluster, namespace)));
  await untilQuiet(() => Object.values(cluster.processes()));
  return contestants.map((contestant) => sumUp(contestant.name, played.get(contestant)!));
}

async function playSlice(
  cluster: BenchCluster,
  contestant: Contestant,
  { clients, requests }: { clients: number; requests: number },
) {
  const used = () => [cpuMs(contestant.pids()), cpuMs(Object.values(cluster.processes())), ownCpuMs()] as const;
  const before = used();
  const load = await closedLoop({ clients, requests }, contestant.submit);
  const after = used();
  const [service, controlPlane, client] = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
  return { ...load, requests, cpuMs: { service, controlPlane, client } };
}

function sumUp(contestant: ContestantName, slices: readonly Slice[]): Round {
  const sum = (of: (slice: Slice) => number) => slices.reduce((total, slice) => total + of(slice), 0);
  const requests = sum((slice) => slice.requests);
  const latenciesMs = slices.flatMap((slice) => slice.latenciesMs);
  return {
    contestant,
    perSecond: latenciesMs.length / sum(({ seconds }) => seconds),
    medianMs: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    failures: requests - latenciesMs.length,
    cpuMs: {
      service: sum((slice) => slice.cpuMs.service) / requests,
      controlPlane: sum((slice) => slice.cpuMs.controlPlane) / requests,
      client: sum((slice) => slice.cpuMs.client) / requests,
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
}
