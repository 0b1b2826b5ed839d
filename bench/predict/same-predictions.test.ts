import { expect, test } from 'vitest';
import { differenceOf } from './same-predictions.ts';

const answer = (...pairs: [number, number][]) => pairs.map(([number, probability]) => ({ class: number, probability }));
const expected = answer([7, 0.9], [3, 0.06], [2, 0.04]);

test('rounding is no difference, nor is the order of what is equally improbable', () => {
  expect(differenceOf(answer([7, 0.900_01], [3, 0.059_99], [2, 0.04]), expected)).toBeUndefined();
  const close = answer([7, 1], [3, 2e-6], [2, 1e-6]);
  expect(differenceOf(answer([7, 1], [2, 2e-6], [3, 1e-6]), close)).toBeUndefined();
});

test.each([
  ['another class first', answer([3, 0.9], [7, 0.06], [2, 0.04]), 'class 7 has 0.06 instead of 0.9'],
  ['other probabilities', answer([7, 0.95], [3, 0.03], [2, 0.02]), 'class 7 has 0.95 instead of 0.9'],
  ['classes in another order', answer([7, 0.9], [2, 0.04], [3, 0.06]), 'class 2 is at place 2'],
  ['classes that are missing', answer([7, 0.9], [3, 0.06]), '2 classes instead of 3'],
  ['a probability that is no number', answer([7, Number.NaN], [3, 0.06], [2, 0.04]), 'class 7 has NaN instead of 0.9'],
])('%s are a difference', (_, found, difference) => {
  expect(differenceOf(found, expected)).toBe(difference);
});
