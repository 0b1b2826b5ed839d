import { expect, test } from 'vitest';
import { expandVariables } from './expansion.ts';

const known = new Map([
  ['A', 'one'],
  ['B', '$(A)'],
]);

test.each([
  ['$(A)', 'one'],
  ['<$(A)-$(A)>', '<one-one>'],
  ['$(B)', '$(A)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$(NOPE)', '$(NOPE)'],
  ['$A $ $B', '$A $ $B'],
  ['$(A', '$(A'],
])('%s becomes %s', (written, expected) => {
  expect(expandVariables(written, known)).toBe(expected);
});
