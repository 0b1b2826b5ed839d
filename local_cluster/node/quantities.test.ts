import { expect, test } from 'vitest';
import { parseCpuMillis, parseQuantity } from './quantities.ts';

test.each([
  ['900m', 0.9],
  ['2', 2],
  ['1.5', 1.5],
  ['64Mi', 64 * 1024 * 1024],
  ['1k', 1000],
  ['1e3', 1000],
  ['2E', 2e18],
])('%s is %d', (quantity, expected) => {
  expect(parseQuantity(quantity)).toBeCloseTo(expected, 9);
});

test('CPU is counted in thousandths of a core', () => {
  expect(['900m', '2', '0.1'].map(parseCpuMillis)).toEqual([900, 2000, 100]);
});

test.each(['', 'much', '1 Gi', '1Xi'])('"%s" is no quantity', (quantity) => {
  expect(() => parseQuantity(quantity)).toThrow('is not a quantity');
});
