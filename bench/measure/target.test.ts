import { expect, test } from 'vitest';
import { describeTarget, verdict } from './target.ts';

test('a value on its bound meets it, on either side', () => {
  expect(verdict(0.2, { atMost: 0.2 })).toBe('met');
  expect(verdict(0.201, { atMost: 0.2 })).toBe('missed');
  expect(verdict(0.7, { atLeast: 0.7 })).toBe('met');
  expect(verdict(0.69, { atLeast: 0.7 })).toBe('missed');
});

test('what could not be measured is missed', () => {
  expect(verdict(Number.NaN, { atMost: 1 })).toBe('missed');
  expect(verdict(Number.NaN, { atLeast: 1 })).toBe('missed');
});

test('a bound reads as in the tables', () => {
  expect(describeTarget({ atMost: 0.2 }, ' s')).toBe('≤ 0.2 s');
  expect(describeTarget({ atLeast: 300 })).toBe('≥ 300');
});
