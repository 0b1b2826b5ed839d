import { expect, test } from 'vitest';
import { createBackOff } from './back-off.ts';

test('the first repetition is immediate, then 10 s double up to 5 min', () => {
  let now = 0;
  const backOff = createBackOff(() => now);
  const waits: string[] = [];
  for (let repetition = 0; repetition < 8; repetition++) {
    const leftMs = backOff.remainingMs(now);
    waits.push(backOff.describe());
    now += leftMs;
    backOff.advance();
  }
  expect(waits).toEqual(['0s', '10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s']);
});

test('the wait counts from the end of the run before', () => {
  let now = 0;
  const backOff = createBackOff(() => now);
  backOff.advance();
  now = 7_000;
  expect([backOff.remainingMs(0), backOff.remainingMs(5_000)]).toEqual([3_000, 8_000]);
});

test('a run of more than ten minutes makes it forget', () => {
  let now = 0;
  const backOff = createBackOff(() => now);
  backOff.advance();
  backOff.advance();
  now = 700_000;
  expect(backOff.remainingMs(700_000)).toBe(0);
});
