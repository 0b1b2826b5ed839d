// `npm run bench submit`: how many jobs the free tier accepts a second through both Envoys, beside the same Jobs
// created straight at the API server and beside a Flask service, on one control plane and in turns.
//
// No node is there, so nothing runs but what takes the jobs. All Jobs are suspended ones of the mesh's template, in
// namespaces with the same quota, so all give the control plane the same work. While they are posted, the controllers are
// stopped as if they ran on a machine of their own: here they would take about as much of the processors as accepting
// does, and how much of that falls into a round is chance. Each round begins with no Job, and ends when the controllers
// are done with them, so that the processor time has them in it.
import { startBenchControlPlane } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { flag, number, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import { startContestants } from './contestants.ts';
import { report } from './report.ts';
import { playRound, type Round } from './round.ts';

const options = {
  rounds: number('rounds, each of every contestant', 6, 1),
  jobs: number('jobs in a round', 2_000, 100),
  clients: number('connections that post', 16),
  'with-controllers': flag('let the controllers run while jobs are posted'),
};

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('submit', args, options, 'few requests, to see that it works');
  if (!given) return;
  const { rounds, jobs, clients } = given;
  const pauseControllers = !given['with-controllers'];

  const programs = await findPrograms();
  await withCleanUp(async (stack) => {
    const cluster = await startBenchControlPlane(stack, programs);
    const contestants = await startContestants(stack, cluster, { envoy: programs.envoy, clients });
    const played: Round[] = [];
    for (const contestant of contestants) {
      await playRound(cluster, contestant, { clients, jobs: jobs, pauseControllers });
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
    const controllers = pauseControllers ? 'stopped' : 'running';
    console.log(
      `\nMedians of ${rounds} rounds of ${jobs} jobs, ${clients} connections, controllers ${controllers} meanwhile.\n`,
    );
    console.log(report(played));
  });
}
