import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../local_cluster/install/cache.ts';

/** This folder's parts from the top down: a file may import from its own part and from those on a lower line. */
const layers = [
  ['deploy.ts', 'cleanup.ts'],
  ['command.ts', 'deploy-to-context.ts', 'clean-up-context.ts'],
  ['access.ts'],
  ['apply', 'readiness', 'removal'],
  ['cluster'],
  ['options.ts', 'terminal.ts', 'ownership.ts'],
];

/** All that a deployment takes from the embedded cluster: kubectl, and how progress is shown. */
const allowed = [
  'local_cluster/control_plane/kubectl.ts',
  'local_cluster/install/cache.ts',
  'local_cluster/install/install.ts',
  'local_cluster/install/screen.ts',
  'local_cluster/install/step-runner.ts',
  'local_cluster/install/stop-signals.ts',
];

const isProduct = (file: string) =>
  !/\.test\.ts$|(^|\/)(testing|node_modules)\/|^deployment\/images(\/|\.ts$)/.test(file);

/** Each import between files of the project, types included. */
function importsOf(pattern: string) {
  return globSync(pattern, { cwd: projectFolder, exclude: ['**/node_modules/**'] })
    .filter(isProduct)
    .flatMap((file) => {
      const text = readFileSync(path.join(projectFolder, file), 'utf8');
      const targets = [...text.matchAll(/from '(\.[^']*)'/g)].map(([, target]) =>
        path.join(path.dirname(file), target!),
      );
      return targets.map((target) => ({ file, target }));
    });
}

const imports = importsOf('deployment/**/*.ts');
const isInside = (file: string) => file.startsWith('deployment/');
const partOf = (file: string) => file.split('/')[1]!;
const layerOf = (file: string) => layers.findIndex((parts) => parts.includes(partOf(file)));
const describeImport = ({ file, target }: { file: string; target: string }) => `${file} imports ${target}`;

test('every part of the deployment has its place, and imports between the parts run downwards', () => {
  const inside = imports.filter(({ target }) => isInside(target));
  expect(inside.flatMap(({ file, target }) => [file, target]).filter((file) => layerOf(file) < 0)).toEqual([]);
  const upward = inside.filter(
    ({ file, target }) => partOf(file) !== partOf(target) && layerOf(target) <= layerOf(file),
  );
  expect(upward.map(describeImport)).toEqual([]);
});

test('a deployment needs kubectl and a screen, and nothing else of the embedded cluster', () => {
  const outside = imports.filter(({ target }) => !isInside(target));
  expect([...new Set(outside.map(({ target }) => target))].sort()).toEqual(allowed);
});

test('what is taken from the embedded cluster knows nothing of deployments', () => {
  const below = [...importsOf('local_cluster/install/*.ts'), ...importsOf('local_cluster/control_plane/*.ts')];
  expect(below.filter(({ target }) => isInside(target)).map(describeImport)).toEqual([]);
});
