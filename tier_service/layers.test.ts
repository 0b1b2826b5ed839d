import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** The parts of this folder, the lowest first. Each may import from its own part and from those below it. */
const layers = [
  ['tier-names.ts'],
  ['tier.ts', 'repeat-limit.ts'],
  ['state'],
  ['records'],
  ['views', 'ending', 'logs'],
  ['admission', 'submission'],
  ['tier-context.ts', 'tier-watches.ts', 'tier-metrics.ts'],
  ['routes'],
  ['app.ts', 'environment.ts'],
  ['compose-tier.ts'],
  ['server.ts'],
  ['index.ts'],
];

const partOf = (file: string) => file.split('/')[0]!;
const layerOf = (part: string) => layers.findIndex((parts) => parts.includes(part));

const files = globSync('**/*.ts', {
  cwd: import.meta.dirname,
  exclude: ['node_modules/**', 'testing/**', '**/*.test.ts'],
});

/** Each import of a file of this folder by another of another part, types included. */
const imports = files.flatMap((file) => {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  return [...text.matchAll(/ from '(\.[^']+)';/g)]
    .map(([, path]) => normalize(join(dirname(file), path!)))
    .filter((imported) => !imported.startsWith('..') && partOf(imported) !== partOf(file))
    .map((imported) => ({ file, imported }));
});

test('every part has its layer', () => {
  expect(files.map(partOf).filter((part) => layerOf(part) < 0)).toEqual([]);
  expect(imports.length).toBeGreaterThan(50);
});

test('imports between the parts run only downwards', () => {
  const upwards = imports.filter(({ file, imported }) => layerOf(partOf(imported)) >= layerOf(partOf(file)));
  expect(upwards.map(({ file, imported }) => `${file} imports ${imported}`)).toEqual([]);
});
