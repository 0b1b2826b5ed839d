/** The networks that come with the image: trained once on each data set, and one for photos. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep, keptFolder } from './cache.ts';
import type { Dataset } from './datasets.ts';
import { listSources, modelConfig, readSource } from './model-config.ts';
import { lockFiles } from './requirements.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';
import { installInto } from './virtual-environment.ts';

const trainingSources = [
  ...['pretrain.py', 'train.py', 'models.py', 'utils.py', 'datasets.json', 'requirements.in'],
  ...['model_store', 'training'].flatMap(listSources),
];
const photoSources = ['utils.py', 'requirements.in', ...['model_store', 'photo_network'].flatMap(listSources)];

/**
 * Finds or trains both networks of a data set, side by side, while Kubernetes is built, which takes longer. Gives the
 * folder that they are in.
 */
export async function trainNetworks(
  context: StepContext,
  python: string,
  dataset: Dataset,
  dataFolder: string,
): Promise<StepResult<string>> {
  const data = path.dirname(dataFolder);
  const { folder, fresh } = await keep(
    `networks-${dataset}`,
    hashTraining(data),
    async (unfinished) => {
      const epochs = { ff: '', cnn: '' };
      const train = (type: 'ff' | 'cnn') =>
        runCommand(
          python,
          ['pretrain.py', '--save', unfinished, '--dataset', dataset, '--type', type, '--data', data],
          {
            ...environment(),
            signal: context.signal,
            onLine: (line) => {
              epochs[type] = /Epoch \[(\d+\/\d+)\]/.exec(line)?.[1] ?? epochs[type];
              context.say(`epoch ${epochs.ff || '0/5'} of ff, ${epochs.cnn || '0/5'} of cnn`);
            },
          },
        );
      await Promise.all([train('ff'), train('cnn')]);
    },
    { signal: context.signal, onWait: () => context.say('another installation is training them; waiting') },
  );
  return { value: folder, done: fresh ? 'feed-forward and convolutional, trained' : undefined };
}

/** The folder of a data set's networks, where they have been trained already. */
export function trainedNetworks(dataset: Dataset, dataFolder: string): string | undefined {
  const folder = keptFolder(`networks-${dataset}`, hashTraining(path.dirname(dataFolder)));
  return existsSync(folder) ? folder : undefined;
}

function hashTraining(data: string): string {
  return hashInputs([path.basename(data), ...trainingSources.map(readSource)]);
}

/**
 * Finds the network for photos, or exports it. Gives the folder that it is in, or none with a warning where its packages
 * cannot be had: the mesh can do without it, for instance on a machine that is offline and has everything else.
 * @throws the signal's reason if it is aborted
 */
export async function preparePhotoNetwork(
  context: StepContext,
  python: string,
): Promise<StepResult<string | undefined>> {
  try {
    return await exportPhotoNetwork(context, python);
  } catch (error) {
    context.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return {
      value: undefined,
      warning: `not available, so photos are not classified; the next \`npm start\` tries again: ${reason}`,
    };
  }
}

/** Exports it from the packages that carry it, which are removed again. */
async function exportPhotoNetwork(context: StepContext, python: string): Promise<StepResult<string>> {
  const { folder, fresh } = await keep(
    'photo-network',
    hashInputs(photoSources.map(readSource)),
    async (unfinished) => {
      const packages = path.join(unfinished, 'packages');
      mkdirSync(packages);
      context.say('fetching EfficientNet-Lite0');
      await installInto(context, python, lockFiles.photoNetwork, packages);
      context.say('exporting it');
      const { cwd, env } = environment();
      await runCommand(python, ['-m', 'photo_network.export', '--save', unfinished], {
        cwd,
        env: { ...env, PYTHONPATH: packages },
        inBackground: true,
        signal: context.signal,
      });
      rmSync(packages, { recursive: true });
    },
    { signal: context.signal, onWait: () => context.say('another installation is exporting it; waiting') },
  );
  return { value: folder, done: fresh ? 'EfficientNet-Lite0, exported' : undefined };
}

function environment() {
  return { cwd: modelConfig, env: { ...process.env, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' } };
}
