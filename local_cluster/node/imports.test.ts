import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The node's parts from the top down: a file may import from its own part and from those on a lower line. */
const layers = [
  ['agent.ts'],
  ['pod', 'registration', 'server'],
  ['container'],
  ['environment', 'probes', 'logs'],
  ['volumes'],
  ['references', 'metrics'],
  ['network'],
  ['runs'],
  ['images', 'timers.ts'],
  // What the nodes share with the cluster's DNS.
  ['..'],
];

const partOf = (file: string) => file.split('/')[0]!;
const layerOf = (file: string) => layers.findIndex((parts) => parts.includes(partOf(file)));

const imports = globSync('**/*.ts', { cwd: import.meta.dirname })
  .filter((file) => !/\.test\.ts$|^testing\//.test(file))
  .flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    const targets = [...text.matchAll(/from '(\.[^']*)'/g)].map(([, target]) => join(dirname(file), target!));
    return targets.filter((target) => !target.startsWith('..')).map((target) => ({ file, target }));
  });

test('every part of the node has its place', () => {
  const files = new Set(imports.flatMap(({ file, target }) => [file, target]));
  expect([...files].filter((file) => layerOf(file) < 0)).toEqual([]);
});

test('imports between the parts of the node run downwards', () => {
  const isUpward = ({ file, target }: { file: string; target: string }) =>
    partOf(file) !== partOf(target) && layerOf(target) <= layerOf(file);
  expect(imports.filter(isUpward).map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});
