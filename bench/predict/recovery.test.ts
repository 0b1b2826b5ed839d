import { expect, test } from 'vitest';
import type { Outcome } from '../measure/open-loop.ts';
import { describeRecovery, goodputOf } from './recovery.ts';

/** Two requests in each second, with these latencies; a negative one is of a request that failed. */
function outcomes(...latencies: number[]): Outcome[] {
  return latencies.map((latencyMs, i) => ({
    atMs: i * 500,
    latencyMs: Math.abs(latencyMs),
    ...(latencyMs < 0 && { failure: 'answered 503' }),
  }));
}

test('goodput is what is answered in time, second by second', () => {
  expect(goodputOf(outcomes(10, 1_000, 10, 1_001, -10, -10), 1_000)).toEqual([2, 1, 0]);
});

test('a service has recovered at the last second with a failure or slow answers', () => {
  const before = outcomes(100, 100, 100, 100);
  const after = outcomes(10, -10, 10, 10, 10, 900, 100, 200, 100, 100);
  expect(describeRecovery(before, after)).toMatchObject({ seconds: 3, beforeP99Ms: 100 });
  expect(describeRecovery(before, before)).toEqual({ seconds: 0, beforeP99Ms: 100, afterP99Ms: 100 });
});

test('one that was slow to the end has not recovered', () => {
  expect(describeRecovery(outcomes(10, 10), outcomes(10, 10, 60, 60)).seconds).toBe(Number.POSITIVE_INFINITY);
});

test('answers that are fast enough need not be as fast as before', () => {
  expect(describeRecovery(outcomes(1, 1), outcomes(40, 49)).seconds).toBe(0);
});
