import { afterEach, expect, test, vi } from 'vitest';
import { file, flag, number, numbers, readOptions } from './options.ts';

const options = {
  rounds: number('rounds of everything', 8, 1),
  clients: number('', 16),
  sizes: numbers('how many there are', [100, 1000], [10]),
  python: file('the Python to run'),
  'with-noise': flag('let others run'),
};
const read = (...args: string[]) => readOptions('some', args, options, 'few of them');

afterEach(() => {
  vi.restoreAllMocks();
});

test('what is not given has its default', () => {
  const expected = { rounds: 8, clients: 16, sizes: [100, 1000], python: undefined, 'with-noise': false };
  expect(read()).toEqual(expected);
});

test('--quick has defaults of its own, which yield to what is given', () => {
  expect(read('--quick', '--rounds', '3')).toEqual({
    rounds: 3,
    clients: 16,
    sizes: [10],
    python: undefined,
    'with-noise': false,
  });
});

test('what is given is read', () => {
  const args = ['--clients=4', '--sizes', '1,2', '--python', '/usr/bin/python3', '--with-noise'];
  const expected = { rounds: 8, clients: 4, sizes: [1, 2], python: '/usr/bin/python3', 'with-noise': true };
  expect(read(...args)).toEqual(expected);
});

test('what cannot be read is refused', () => {
  expect(() => read('--rounds', 'many')).toThrow('"many" is not a number');
  expect(() => read('--loops', '3')).toThrow("Unknown option '--loops'");
  expect(() => readOptions('some', ['--quick'], options)).toThrow("Unknown option '--quick'");
});

test('--help prints what there is, and nothing is to be done', () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  expect(read('--help')).toBeUndefined();
  expect(print.mock.calls).toEqual([
    [
      `usage: npm run bench some [-- OPTIONS]
  --rounds N           rounds of everything (default: 8)
  --clients N          (default: 16)
  --sizes A,B,…        how many there are (default: 100,1000)
  --python FILE        the Python to run
  --with-noise         let others run
  --quick              few of them`,
    ],
  ]);
});
