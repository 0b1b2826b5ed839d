import { describe, expect, test } from 'vitest';
import { markdownTable, median, quantile } from './table.ts';

describe('quantile', () => {
  test('lies between two values by proportion, whatever their order', () => {
    expect([quantile([30, 10, 20, 40, 50], 0.95), quantile([4, 1], 0.25), quantile([7], 0.99)]).toEqual([48, 1.75, 7]);
  });

  test('leaves the values as they are', () => {
    const values = [3, 1, 2];
    expect([median(values), values]).toEqual([2, [3, 1, 2]]);
  });

  test('is no number when there are no values', () => {
    expect(median([])).toBeNaN();
  });
});

test('a table has its columns aligned, numbers to the right', () => {
  expect(markdownTable(['what', 'seconds'], [['training', '7.9'], ['all']])).toBe(
    ['| what     | seconds |', '| -------- | ------: |', '| training |     7.9 |', '| all      |         |'].join('\n'),
  );
});
