import { expect, test } from 'vitest';
import { divideMemory } from './memory.ts';

const gibibyte = 1024 ** 3;

test.each([
  ['each node has half of the machine, less half of what Kubernetes itself needs', 16, 0, 8, 7.5],
  ["a container's limit counts instead of the machine", 16, 4, 2, 1.5],
  ['a limit above what the machine has is none', 16, 1e9, 8, 7.5],
  ['on a machine that is too small nothing is left for pods', 0.5, 0, 0.25, 0],
])('%s', (_, machine, limit, capacity, allocatable) => {
  expect(divideMemory(machine * gibibyte, limit * gibibyte)).toEqual({
    capacity: capacity * gibibyte,
    allocatable: allocatable * gibibyte,
  });
});
