// `npm run bench queue`: how long a freed place of the free tier stays empty, and in which order its jobs start, beside
// the same Jobs under the same quota with nothing but Kubernetes.
//
// Both run at the same time on one embedded cluster, each in its own namespace with its own quota of 2 CPU: two jobs of
// about a second at a time each. Plain Jobs take minutes, because their controller backs off; after a while they are left.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeTarget, type Target, verdict } from '../measure/target.ts';
import { type BenchCluster, createQuotaNamespace, startBenchCluster } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { number, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import type { Service } from '../setup/services.ts';
import { startSleepingTier } from '../setup/sleeping-job.ts';
import { markdownTable, median, quantile } from '../table.ts';
import { createPlainJobs } from './plain-jobs.ts';
import { recordPods, type SeenPod } from './pod-recorder.ts';
import { emptyPlaceMs, orderInversions } from './waits.ts';

const options = {
  jobs: number('jobs of each kind', 50, 6),
  'plain-seconds': number('how long the plain Jobs may take', 300, 20),
};

/** What the quota leaves room for. */
const places = 2;
const targets = { median: { atMost: 0.2 }, p95: { atMost: 1 }, inversions: { atMost: 0 } };

interface Outcome {
  pods: readonly SeenPod[];
  /** The jobs' names in the order in which they were accepted. */
  accepted: string[];
  seconds: number;
}

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('queue', args, options, '6 jobs and 20 s, to see that it works');
  if (!given) return;
  const { jobs, 'plain-seconds': plainSeconds } = given;
  const programs = await findPrograms();

  await withCleanUp(async (stack) => {
    const cluster = await startBenchCluster(stack, programs);
    await createQuotaNamespace(cluster.api, 'free-service');
    await createQuotaNamespace(cluster.api, 'plain-jobs');
    const tier = await startSleepingTier(stack, cluster, 'free', { address: 1, jobSeconds: 1 });
    const [mesh, plain] = await Promise.all([
      runMesh(stack, cluster, tier, jobs),
      runPlain(stack, cluster, jobs, plainSeconds),
    ]);
    console.log(`\n${jobs} jobs of about a second each, ${places} at a time.\n`);
    console.log(report(mesh, plain, { jobs, plainSeconds }));
  });
}

async function runMesh(
  stack: AsyncDisposableStack,
  { api }: BenchCluster,
  tier: Service,
  jobs: number,
): Promise<Outcome> {
  const pods = await recordPods(stack, api, 'free-service');
  const startedAt = performance.now();
  const accepted: string[] = [];
  // One after the other: then it is certain which was accepted first.
  for (let turn = 0; turn < jobs; turn++) {
    const answer = await fetch(`${tier.url}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
    if (!answer.ok) throw new Error(`the tier answered ${answer.status}: ${await answer.text()}`);
    accepted.push(((await answer.json()) as { job_name: string }).job_name);
  }
  return await untilEnded(pods, { accepted, startedAt, withinMs: 10_000 * jobs });
}

async function runPlain(
  stack: AsyncDisposableStack,
  { api }: BenchCluster,
  jobs: number,
  seconds: number,
): Promise<Outcome> {
  const pods = await recordPods(stack, api, 'plain-jobs');
  const startedAt = performance.now();
  const accepted = await createPlainJobs(api, 'plain-jobs', jobs);
  return await untilEnded(pods, { accepted, startedAt, withinMs: seconds * 1_000 });
}

async function untilEnded(
  pods: Awaited<ReturnType<typeof recordPods>>,
  { accepted, startedAt, withinMs }: { accepted: string[]; startedAt: number; withinMs: number },
): Promise<Outcome> {
  while (pods.ended() < accepted.length && performance.now() - startedAt < withinMs) await sleep(100);
  return { pods: [...pods.seen], accepted, seconds: (performance.now() - startedAt) / 1_000 };
}

function report(mesh: Outcome, plain: Outcome, { jobs, plainSeconds }: { jobs: number; plainSeconds: number }): string {
  const line = (what: string, of: (outcome: Outcome) => number, digits: number, unit: string, target?: Target) => [
    what,
    ...[mesh, plain].map((outcome) => `${of(outcome).toFixed(digits)}${unit}`),
    ...(target ? [describeTarget(target, unit), verdict(of(mesh), target)] : ['', '']),
  ];
  const empty = (share: number) => (outcome: Outcome) => quantile(emptyPlaceMs(outcome.pods, places), share) / 1_000;
  const ended = ({ pods }: Outcome) => pods.filter(({ endedAt }) => endedAt !== undefined).length;
  const rows = [
    line('a place stays empty, median', empty(0.5), 3, ' s', targets.median),
    line('a place stays empty, 95th percentile', empty(0.95), 3, ' s', targets.p95),
    line('a place stays empty, longest', empty(1), 3, ' s'),
    line('pairs that started in the wrong order', inversions, 0, '', targets.inversions),
    line(`jobs that ended, of ${jobs}`, ended, 0, '', { atLeast: jobs }),
    line(`all of it took (plain Jobs: at most ${plainSeconds} s)`, ({ seconds }) => seconds, 1, ' s'),
    line('a job’s pod lived, median', ({ pods }) => median(livesMs(pods)) / 1_000, 2, ' s'),
  ];
  return markdownTable(['', 'ml-job-mesh', 'plain Jobs', 'target', ''], rows);
}

function inversions({ pods, accepted }: Outcome): number {
  return orderInversions(pods, accepted);
}

function livesMs(pods: readonly SeenPod[]): number[] {
  return pods.flatMap(({ createdAt, endedAt }) => (endedAt === undefined ? [] : [endedAt - createdAt]));
}
