// `npm run bench isolation`: how long a premium job takes to start while the free tier is flooded to its quota and its
// queue, beside a free tier that has nothing to do.
//
// One embedded cluster, both tiers, and one front proxy before them. Quiet and flooded turns alternate; in each, premium
// jobs are posted one after the other. A time is from the POST to the moment the API shows the pod running. Turns begin
// when the control plane is done with what the turn before has left: hundreds of Jobs made or deleted at once keep the Job
// controller busy for seconds, whoever made them.
import { untilQuiet } from '../measure/quiet.ts';
import { describeTarget, verdict } from '../measure/target.ts';
import { createQuotaNamespace, startBenchCluster } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { number, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import { startProxies } from '../setup/proxies.ts';
import { startSleepingTier } from '../setup/sleeping-job.ts';
import { markdownTable, quantile } from '../table.ts';
import { startFlood } from './flood.ts';
import { createStartTimer } from './start-times.ts';

const options = {
  turns: number('quiet ones, and as many flooded ones', 4, 1),
  jobs: number('premium jobs in a turn', 25, 5),
  posts: number('posts to the free tier a second while it is flooded', 20),
};

const target = { atMost: 1.2 };

interface Times {
  quietMs: number[];
  floodedMs: number[];
  refused: number;
}

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('isolation', args, options, 'one turn of 5 jobs, to see that it works');
  if (!given) return;
  const { turns, jobs, posts: postsPerSecond } = given;
  const programs = await findPrograms();

  await withCleanUp(async (stack) => {
    const cluster = await startBenchCluster(stack, programs);
    await createQuotaNamespace(cluster.api, 'free-service');
    await cluster.api.create('/api/v1/namespaces', { metadata: { name: 'premium-service' } });
    const tiers = {
      free: await startSleepingTier(stack, cluster, 'free', { address: 1, jobSeconds: 3_600 }),
      premium: await startSleepingTier(stack, cluster, 'premium', { address: 2, jobSeconds: 0.3 }),
    };
    const { url } = await startProxies(stack, cluster, { envoy: programs.envoy, tiers, address: 3 });
    const timeStart = await createStartTimer(stack, cluster.api, url);
    const startMany = async (count: number) => {
      const times: number[] = [];
      while (times.length < count) times.push(await timeStart());
      return times;
    };

    const controlPlane = () => Object.values(cluster.processes());
    const times: Times = { quietMs: [], floodedMs: [], refused: 0 };
    await startMany(3);
    for (let turn = 1; turn <= turns; turn++) {
      times.quietMs.push(...(await startMany(jobs)));
      const flood = await startFlood(url, { postsPerSecond });
      await untilQuiet(controlPlane);
      times.floodedMs.push(...(await startMany(jobs)));
      times.refused += flood.refused();
      await flood.stop();
      await untilQuiet(controlPlane);
      console.error(
        `turn ${turn}: median ${describe(times.quietMs, 0.5)} quiet, ${describe(times.floodedMs, 0.5)} flooded`,
      );
    }
    console.log(
      `\n${times.quietMs.length} premium jobs in each column; ${times.refused} posts were refused by the free tier.\n`,
    );
    console.log(report(times));
  });
}

function report({ quietMs, floodedMs }: Times): string {
  const line = (what: string, share: number) => {
    const ratio = quantile(floodedMs, share) / quantile(quietMs, share);
    const verdicts = share === 0.95 ? [describeTarget(target), verdict(ratio, target)] : ['', ''];
    return [what, describe(quietMs, share), describe(floodedMs, share), ratio.toFixed(2), ...verdicts];
  };
  const rows = [line('POST to running, median', 0.5), line('95th percentile', 0.95), line('longest', 1)];
  return markdownTable(['', 'free tier quiet', 'free tier flooded', 'ratio', 'target', ''], rows);
}

function describe(times: readonly number[], share: number): string {
  return `${(quantile(times, share) / 1_000).toFixed(3)} s`;
}
