// `npm run bench predict`: how many images the prediction backend looks at in a second, beside FastAPI with PyTorch, FastAPI
// with ONNX Runtime, and BentoML, with the same weights and the same predictions; then what becomes of it under three times
// as many requests as it can answer.
//
// Each service has one core, the same one, and whoever asks has the others. All of them run all the time and are asked in
// turns. An image is a 28 × 28 test image of MNIST as a PNG, in a form as browsers send it and, where a service takes that,
// by itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimOctet } from '../../local_cluster/control_plane/address-octet.ts';
import { setCoreAside } from '../measure/cores.ts';
import { proportionalBytes, residentBytes } from '../measure/cpu-time.ts';
import { started, withCleanUp } from '../setup/clean-up.ts';
import { flag, number, numbers, readOptions } from '../setup/options.ts';
import { findPrograms } from '../setup/programs.ts';
import { type Contestant, preparePython, startContestants } from './contestants.ts';
import { overload } from './overload.ts';
import { type Memory, reportOverload, reportRounds } from './report.ts';
import { playRounds } from './rounds.ts';
import { requireSamePredictions } from './same-predictions.ts';
import { readTestImages } from './uploads.ts';

const options = {
  turns: number('of each service at each number of connections', 4, 1),
  seconds: number('how long a service is asked in a turn', 2, 0.5),
  connections: numbers('how many there are', [1, 8, 32]),
  images: number('different images that are sent', 100, 20),
  overload: number('seconds of it; 0 for none', 20, 3),
  'feed-forward': flag('the feed-forward network instead of the convolutional one'),
};

/** Runs the benchmark and prints its tables. Takes the command line's options. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('predict', args, options, 'few requests, to see that it works');
  if (!given) return;
  const software = await findPrograms();
  const python = await preparePython(software);
  const core = await setCoreAside();
  const images = readTestImages(given.images);
  const type = given['feed-forward'] ? 'ff' : 'cnn';

  await withCleanUp(async (stack) => {
    const place = await choosePlace(stack);
    const contestants = await startContestants(stack, { software, python, type, core, place });
    await requireSamePredictions(contestants, images);
    const turns = await playRounds(contestants, {
      ...given,
      images,
      onTurn: ({ contestant, form, connections, perSecond }) =>
        console.error(`${contestant}, ${form}, ${connections} connections: ${perSecond.toFixed(0)} a second`),
    });
    const { turns: count, seconds } = given;
    console.log(
      `\nmnist-${type}, one core each; medians of ${count} turns of ${seconds} s, percentiles of all turns.\n`,
    );
    console.log(reportRounds(turns, new Map(contestants.map((each) => [each.name, memoryOf(each)]))));
    if (given.overload === 0) return;
    const parts = { capacity: 5, before: 5, overload: given.overload, after: 20 };
    const result = await overload(contestants[0], { images, seconds: parts });
    console.log(`\nFor ${given.overload} s, three times as many requests as ml-job-mesh can answer.\n`);
    console.log(reportOverload(result));
  });
}

function memoryOf(contestant: Contestant): Memory {
  const pids = contestant.pids();
  return {
    resident: pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    proportional: proportionalBytes(pids),
  };
}

/** A folder, and addresses that nobody else on this machine listens on. */
async function choosePlace(stack: AsyncDisposableStack) {
  const folder = await started(
    stack,
    () => mkdtemp(join(tmpdir(), 'mesh-bench-')),
    (made) => rm(made, { recursive: true, force: true }),
  );
  const { octet } = await started(
    stack,
    () => claimOctet({ preferred: 150 }),
    (claim) => claim.release(),
  );
  return { folder, address: (number: number) => `127.${octet}.100.${number}` };
}
