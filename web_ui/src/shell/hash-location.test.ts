import { expect, test } from 'vitest';
import { paramsOf, pathOf } from './hash-location.ts';

test.each([
  ['', '/', {}],
  ['#', '/', {}],
  ['#/models/mnist-cnn/3', '/models/mnist-cnn/3', {}],
  ['#models', '/models', {}],
  ['#/classify?sample=mnist:3&dataset=mnist', '/classify', { sample: 'mnist:3', dataset: 'mnist' }],
  ['#/classify?q=a?b', '/classify', { q: 'a?b' }],
])('%j is the path %j with its parameters', (hash, path, params) => {
  expect([pathOf(hash), Object.fromEntries(paramsOf(hash))]).toEqual([path, params]);
});
