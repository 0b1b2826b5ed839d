import { expect, test } from 'vitest';
import { cellOf, commonMistakes, describeCell, shadeOf } from './confusion.ts';

const matrix = [
  [95, 1, 4],
  [0, 100, 0],
  [0, 9, 1_191],
];
const labels = ['0', '1', 'き'];

test('the mistakes are told from the most frequent on, and hits are none of them', () => {
  expect(commonMistakes(matrix, 2)).toEqual([
    { actual: 2, predicted: 1, count: 9, total: 1_200 },
    { actual: 0, predicted: 2, count: 4, total: 100 },
  ]);
  expect(commonMistakes(matrix, 10)).toHaveLength(3);
});

test('a cell is told in words, by the labels of its classes', () => {
  expect(describeCell(cellOf(matrix, 2, 1), labels)).toBe('き taken for 1: 9 of 1,200 (0.8 %)');
  expect(describeCell(cellOf(matrix, 1, 1), labels)).toBe('1 recognised: 100 of 100 (100.0 %)');
});

test('hits are coloured by their share, mistakes by the most frequent one, and what did not happen not at all', () => {
  const shades = [cellOf(matrix, 0, 0), cellOf(matrix, 2, 1), cellOf(matrix, 0, 1), cellOf(matrix, 1, 0)];
  const rounded = shades.map((cell) => Math.round(shadeOf(cell, 9) * 100) / 100);
  expect(rounded).toEqual([0.95, 0.58, 0.14, 0]);
});
