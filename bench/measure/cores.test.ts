import { expect, test } from 'vitest';
import { onCore, readCores } from './cores.ts';

test.each([
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['1,4-6,9', [1, 4, 5, 6, 9]],
])('the kernel writes cores as %s', (list, cores) => {
  expect(readCores(`Threads:\t1\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`)).toEqual(cores);
});

test('a process on one core is the same process', () => {
  const plan = { name: 'it', command: 'node', args: ['it.ts'], folder: '/tmp' };
  expect(onCore(1, plan)).toEqual({ ...plan, command: 'taskset', args: ['--cpu-list', '1', 'node', 'it.ts'] });
});
