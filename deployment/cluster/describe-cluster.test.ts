import type { V1Node } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { describeNodes } from './describe-cluster.ts';

const node = (cpu: string, isReady: boolean): V1Node => ({
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});

test.each([
  [[node('2', true)], '1 node of 2 CPU'],
  [[node('2', true), node('2', false)], '2 nodes of 2 CPU, 1 of them not ready'],
  [[node('1930m', true), node('2', true)], '2 nodes of 1930m and 2 CPU'],
  [[], '0 nodes'],
])('says how many nodes there are and what they have', (items, expected) => {
  expect(describeNodes({ items })).toBe(expected);
});
