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

test('a clock that is set back delays the next try by no more than one wait', () => {
  let now = 10_000_000;
  const backOff = createBackOff(() => now);
  backOff.advance();
  const endedAt = now;
  now -= 3_600_000;
  const waits = [backOff.remainingMs(endedAt)];
  now += 4_000;
  waits.push(backOff.remainingMs(endedAt));
  now += 6_000;
  waits.push(backOff.remainingMs(endedAt));
  expect(waits).toEqual([10_000, 6_000, 0]);
});
