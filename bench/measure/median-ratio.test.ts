import { expect, test } from 'vitest';
import { medianRatio } from './median-ratio.ts';

test('each turn is compared with itself', () => {
  expect(medianRatio([200, 20, 2_000], [100, 10, 1_000])).toBe(2);
  expect(medianRatio([1, 2, 9], [1, 1, 1])).toBe(2);
});

test('turns that only one of them had do not count', () => {
  expect(medianRatio([4, 8, 1_000], [2, 4])).toBe(2);
  expect(medianRatio([], [1])).toBeNaN();
});
