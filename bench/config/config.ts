// `npm run bench config`: what is read most, `/config` and the list of jobs, with 100, 1,000 and 10,000 pods and as
// many jobs, beside a Flask service that lists at each request and beside Fastify sending the same bytes from memory.
//
// The pods and jobs are objects: nothing runs. The services take turns, one under load at a time, each on its own port
// and without a proxy before it. What the API server is asked meanwhile is read from its metrics.
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareFlask } from '../flask/flask-service.ts';
import { startBenchControlPlane } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { number, numbers, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import { startGrader, startTier } from '../setup/services.ts';
import { type Measured, measureSize } from './measure-size.ts';
import { addPodsAndJobs, prepareNamespaces } from './objects.ts';
import { report } from './report.ts';

const options = {
  sizes: numbers('how many pods, and jobs, there are', [100, 1_000, 10_000], [100]),
  seconds: number('how long each service is asked in a turn', 2, 1),
  turns: number('', 6, 1),
  connections: number('', 16),
};

/** Runs the benchmark and prints its tables. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('config', args, options, 'few requests, to see that it works');
  if (!given) return;
  const { sizes, ...load } = given;
  await prepareFlask();

  const programs = await findPrograms();
  await withCleanUp(async (stack) => {
    const cluster = await startBenchControlPlane(stack, programs);
    await prepareNamespaces(cluster);
    const tier = await startTier(stack, cluster, 'free', { address: 1, env: { MAX_UNFINISHED_JOBS: '1000000' } });
    const grader = await startGrader(stack, cluster, { address: 2 });
    const measured: Measured[] = [];
    let present = 0;
    for (const size of sizes.toSorted((a, b) => a - b)) {
      console.error(`making ${size - present} pods and jobs more`);
      await addPodsAndJobs(cluster, size - present);
      present = size;
      await untilSeen(`${tier.url}/free/queue`, (text) => JSON.parse(text).waiting >= size - 2);
      await untilSeen(`${grader.url}/config`, (text) => JSON.parse(text).pods.length >= size);
      measured.push(...(await measureSize(cluster, { tier, grader }, size, load)));
    }
    console.log(`\n${load.connections} connections; medians of ${load.turns} turns of ${load.seconds} s.\n`);
    console.log(report(measured));
  });
}

/** Waits until a service shows what has been made. */
async function untilSeen(url: string, isThere: (text: string) => boolean): Promise<void> {
  const giveUpAt = performance.now() + 120_000;
  for (;;) {
    const answer = await fetch(url);
    if (answer.ok && isThere(await answer.text())) return;
    if (performance.now() > giveUpAt) throw new Error(`${url} does not show what was made`);
    await sleep(200);
  }
}
