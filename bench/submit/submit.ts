// `npm run bench submit`: how many jobs the free tier accepts a second through both Envoys, beside the same Jobs
// created straight at the API server and beside a Flask service, on one control plane and in turns.
//
// No node is there, so nothing runs but what takes the jobs. All Jobs are suspended ones of the mesh's template, in
// namespaces with the same quota, so all give the control plane the same work; each round begins with none, and ends
// when the Job controller is done with them, so that what they cost is counted where it belongs.
import { parseArgs } from 'node:util';
import { startBenchControlPlane } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { findPrograms } from '../setup/programs.ts';
import { startContestants } from './contestants.ts';
import { report } from './report.ts';
import { playRound, type Round } from './round.ts';

const usage = `usage: npm run bench submit [-- OPTIONS]
  --rounds N           rounds, each of every contestant (default: 5)
  --jobs N             jobs in a round (default: 1500)
  --clients N          connections that post (default: 16)
  --quick              few requests, to see that it works`;

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      jobs: { type: 'string' },
      clients: { type: 'string', default: '16' },
      'pause-controllers': { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const jobs = Number(values.jobs ?? (values.quick ? 100 : 1_500));
  const clients = Number(values.clients);
  const pauseControllers = values['pause-controllers'];

  const programs = await findPrograms();
  await withCleanUp(async (stack) => {
    const cluster = await startBenchControlPlane(stack, programs);
    const contestants = await startContestants(stack, cluster, { envoy: programs.envoy, clients });
    const played: Round[] = [];
    for (const contestant of contestants) {
      await playRound(cluster, contestant, { clients, jobs: Math.ceil(jobs / 5), pauseControllers });
    }
    for (let turn = 0; turn < rounds; turn++) {
      // Each begins a round as often as any other.
      const order = contestants.map((_, place) => contestants[(place + turn) % contestants.length]!);
      for (const contestant of order) {
        const round = await playRound(cluster, contestant, { clients, jobs, pauseControllers });
        played.push(round);
        console.error(`round ${turn + 1}, ${contestant.name}: ${round.perSecond.toFixed(0)} jobs/s`);
      }
    }
    console.log(`\nMedians of ${rounds} rounds of ${jobs} jobs, ${clients} connections.\n`);
    console.log(report(played));
  });
}
