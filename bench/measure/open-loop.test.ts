import { expect, test } from 'vitest';
import { openLoop } from './open-loop.ts';

test('requests are sent at their times, though none is answered meanwhile', async () => {
  const gate = Promise.withResolvers<void>();
  let sent = 0;
  const outcomes = await openLoop({ perSecond: 500, seconds: 0.1, mostOpen: 100 }, () => {
    if (++sent === 50) gate.resolve();
    return gate.promise;
  });
  expect(outcomes.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 50 }, (_, i) => i * 2));
  expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
  // The first waited for the last to be sent; time counts from when a request was due.
  expect(outcomes[0]!.latencyMs).toBeGreaterThanOrEqual(98);
});

test('a request that finds too many open is not sent, and counts as failed like those that are refused', async () => {
  const gate = Promise.withResolvers<void>();
  let [open, sent] = [0, 0];
  const running = openLoop({ perSecond: 1_000, seconds: 0.02, mostOpen: 3 }, async () => {
    if (++open === 3) setTimeout(gate.resolve, 50);
    await gate.promise;
    if (++sent === 1) throw new Error('answered 503');
  });
  const failures = (await running).map(({ failure }) => failure);
  expect(failures.slice(0, 3)).toEqual(['answered 503', undefined, undefined]);
  expect(failures.slice(3)).toEqual(Array.from({ length: 17 }, () => '3 requests are without an answer'));
});
