import { expect, test } from 'vitest';
import { parseCleanupOptions, parseDeployOptions, UsageError } from './options.ts';

const careful = { kubeconfig: undefined, yes: false, dryRun: false };

test('a deployment asks first, takes nothing over and removes nothing, unless told otherwise', () => {
  expect(parseDeployOptions(['--context', 'kind-mesh'])).toEqual({
    ...careful,
    context: 'kind-mesh',
    overlay: 'context',
    prune: false,
    adopt: false,
  });
  const all = ['--context=eks', '--kubeconfig=file', '--overlay=eks', '--yes', '--dry-run', '--prune', '--adopt'];
  expect(parseDeployOptions(all)).toEqual({
    context: 'eks',
    kubeconfig: 'file',
    overlay: 'eks',
    yes: true,
    dryRun: true,
    prune: true,
    adopt: true,
  });
});

test('a cleanup asks first, deletes the models and nothing of others, unless told otherwise', () => {
  expect(parseCleanupOptions(['--context', 'kind-mesh'])).toEqual({
    ...careful,
    context: 'kind-mesh',
    keepModels: false,
    force: false,
  });
  expect(parseCleanupOptions(['--context', 'kind-mesh', '-y', '--keep-models', '--force'])).toMatchObject({
    yes: true,
    keepModels: true,
    force: true,
  });
});

test('a context that is missing or empty is none', () => {
  expect([parseDeployOptions([])?.context, parseCleanupOptions(['--context', ''])?.context]).toEqual([
    undefined,
    undefined,
  ]);
});

test('help is all that is asked for then', () => {
  expect([parseDeployOptions(['--help']), parseCleanupOptions(['-h', '--force'])]).toEqual([undefined, undefined]);
});

test.each([
  [['--contxt', 'kind'], "Unknown option '--contxt'"],
  [['kind'], "Unexpected argument 'kind'"],
  [['--keep-models'], "Unknown option '--keep-models'"],
])('refuses %j', (args, message) => {
  expect(() => parseDeployOptions(args)).toThrow(new UsageError(message));
});
