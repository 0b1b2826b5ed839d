import fc from 'fast-check';
import { expect, test } from 'vitest';
import { annotation } from '../state/annotations.ts';
import type { KnownJob } from '../state/kubernetes-objects.ts';
import { createStampClock } from './stamp-clock.ts';

/** A Job with a stamp, made by the API server at a time in milliseconds. */
function stamped(stamp: string | undefined, createdMs: number): KnownJob {
  const creationTimestamp = `${new Date(createdMs).toISOString().slice(0, 19)}Z`;
  return { metadata: { creationTimestamp, annotations: stamp === undefined ? {} : { [annotation.accepted]: stamp } } };
}

test('stamps are microseconds of the day where time goes on, and grow where it stands still or goes back', () => {
  let now = 1_000;
  const clock = createStampClock(() => now);
  const stamps = [clock.next(), clock.next()];
  now = 999;
  stamps.push(clock.next());
  now = 2_000;
  stamps.push(clock.next());
  expect(stamps.map(Number)).toEqual([1_000_000, 1_000_001, 1_000_002, 2_000_000]);
});

test('replicas whose clocks differ agree on who came first, if each has seen the other', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(1_000)), { maxLength: 50 }), (turns) => {
      let now = 0;
      const replicas = [createStampClock(() => now), createStampClock(() => now + 500)] as const;
      const stamps: string[] = [];
      for (const [isSecond, at] of turns) {
        now = at;
        stamps.push(replicas[isSecond ? 1 : 0].next());
        for (const replica of replicas) replica.saw(stamped(stamps.at(-1), now));
      }
      expect(stamps).toEqual([...stamps].sort());
      expect(new Set(stamps).size).toBe(stamps.length);
    }),
  );
});

test('what is no stamp does not move the clock', () => {
  const clock = createStampClock(() => 1);
  for (const stamp of [undefined, '', 'soon', '-5', '1e99', 'NaN']) clock.saw(stamped(stamp, 0));
  clock.saw({});
  expect(clock.next()).toBe('0000000000001000');
});

test('a stamp from the future moves no other replica further than the API server’s own time allows', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const clock = createStampClock(() => now);
  const hourAhead = createStampClock(() => now + 3_600_000);
  clock.saw(stamped(hourAhead.next(), now));
  expect(Number(clock.next()) / 1_000 - now).toBeLessThanOrEqual(2_001);
});
