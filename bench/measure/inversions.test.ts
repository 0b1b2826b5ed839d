import { expect, test } from 'vitest';
import { countInversions } from './inversions.ts';

test('values that only rise have no inversions, equal ones included', () => {
  expect(countInversions([])).toBe(0);
  expect(countInversions([7])).toBe(0);
  expect(countInversions([1, 2, 2, 3])).toBe(0);
});

test('each pair in the wrong order counts once', () => {
  expect(countInversions([2, 1])).toBe(1);
  expect(countInversions([3, 1, 2])).toBe(2);
  expect(countInversions([5, 4, 3, 2, 1])).toBe(10);
});

test('it counts what comparing every pair counts, and leaves the values as they are', () => {
  const values = Array.from({ length: 101 }, (_, i) => (i * 37) % 53);
  const given = [...values];
  let pairs = 0;
  for (const [i, left] of values.entries()) for (const right of values.slice(i + 1)) if (left > right) pairs++;
  expect(countInversions(values)).toBe(pairs);
  expect(values).toEqual(given);
});
