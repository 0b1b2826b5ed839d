// `npm run bench submit`: how many jobs the free tier accepts a second through both Envoys, beside the same Jobs
// created straight at the API server and beside a Flask service, on one control plane and in turns.
//
// No node is there, so nothing runs but what takes the jobs. All Jobs are suspended ones of the mesh's template, in
// namespaces with the same quota, so all give the control plane the same work. While they are posted, the controllers are
// stopped as if they ran on a machine of their own: here they would take more of the processors than accepting does, and
// whoever posts slowly would hide behind them. Each round begins with no Job.
import { startBenchControlPlane } from '../setup/bench-cluster.ts';
import { withCleanUp } from '../setup/clean-up.ts';
import { flag, number, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import { startContestants } from './contestants.ts';
import { report } from './report.ts';
import { playRound, type Round } from './round.ts';

const commandLine = {
  rounds: number('rounds', 8, 1),
  jobs: number('jobs of each contestant in a round', 1_200, 100),
  slices: number('slices that a round is cut into', 4, 1),
  'warm-up': number('jobs of each contestant before the first round', 4_800, 100),
  clients: number('connections that post', 16),
  'with-controllers': flag('let the controllers run while jobs are posted'),
};

/** Runs the benchmark and prints its table. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('submit', args, commandLine, 'few requests, to see that it works');
  if (!given) return;
  const { rounds, jobs, slices, clients } = given;
  const stopControllers = !given['with-controllers'];

  const programs = await findPrograms();
  await withCleanUp(async (stack) => {
    const cluster = await startBenchControlPlane(stack, programs);
    const contestants = await startContestants(stack, cluster, { envoy: programs.envoy, clients });
    const options = { clients, jobs, slices, stopControllers };
    await playRound(cluster, contestants, { ...options, jobs: given['warm-up'] });
    const played: Round[] = [];
    for (let turn = 1; turn <= rounds; turn++) {
      const round = await playRound(cluster, contestants, options);
      played.push(...round);
      const rates = round.map(({ contestant, perSecond }) => `${contestant} ${perSecond.toFixed(0)}`);
      console.error(`round ${turn}, jobs/s: ${rates.join(', ')}`);
    }
    const controllers = stopControllers ? 'stopped' : 'running';
    console.log(
      `\nMedians of ${rounds} rounds of ${jobs} jobs, ${clients} connections, controllers ${controllers} meanwhile.\n`,
    );
    console.log(report(played));
  });
}
