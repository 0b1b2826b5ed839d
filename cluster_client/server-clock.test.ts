import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createServerClock } from './server-clock.ts';

/** A machine whose clock is wrong by so much, and a server whose clock is right. */
function machine(wrongByMs: number) {
  let time = Date.parse('2026-11-21T12:00:00.250Z');
  const bootedAt = time - 5_000;
  const clock = createServerClock({ timeOfDay: () => time + wrongByMs, elapsed: () => time - bootedAt });
  return {
    clock,
    serverTime: () => time,
    pass: (ms: number) => {
      time += ms;
    },
    /** One request, whose answer is written after so many milliseconds and arrives after so many more. */
    ask(thereMs: number, backMs: number, serverIsWrongByMs = 0) {
      const sentAt = clock.elapsed();
      time += thereMs;
      const date = new Date(time + serverIsWrongByMs).toUTCString();
      time += backMs;
      clock.note(date, sentAt);
    },
  };
}

test('before the first answer the machine’s own clock is all there is', () => {
  const { clock, serverTime } = machine(3_600_000);
  expect(clock.now()).toBe(serverTime() + 3_600_000);
});

test('a clock that is right is left alone', () => {
  const { clock, ask, pass, serverTime } = machine(0);
  for (let count = 0; count < 20; count++) {
    ask(3, 4);
    pass(730);
    expect(clock.now()).toBe(serverTime());
  }
});

test.each([3_600_000, -3_600_000])(
  'one that is wrong by %i ms is off by less than a second after one answer',
  (wrongBy) => {
    const { clock, ask, serverTime } = machine(wrongBy);
    ask(2, 2);
    expect(Math.abs(clock.now() - serverTime())).toBeLessThanOrEqual(1_002);
  },
);

test('further answers narrow it down to about the time that one takes', () => {
  const { clock, ask, pass, serverTime } = machine(3_600_000);
  for (let count = 0; count < 200; count++) {
    ask(2, 2);
    pass(137);
  }
  expect(Math.abs(clock.now() - serverTime())).toBeLessThan(50);
});

test('a server whose clock is set is followed', () => {
  const { clock, ask, pass, serverTime } = machine(0);
  ask(2, 2);
  pass(1_000);
  ask(2, 2, 600_000);
  expect(Math.abs(clock.now() - serverTime() - 600_000)).toBeLessThanOrEqual(1_002);
});

test('an answer without a date changes nothing', () => {
  const { clock, serverTime } = machine(7_000);
  clock.note(undefined, 0);
  clock.note('yesterday', 0);
  expect(clock.now()).toBe(serverTime() + 7_000);
});

test('whatever the machine’s clock says and however long answers take, the time is never further off than one answer allows', () => {
  const delay = fc.integer({ min: 0, max: 4_000 });
  const answers = fc.array(fc.tuple(delay, delay, fc.integer({ min: 0, max: 60_000 })), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(fc.integer({ min: -1e10, max: 1e10 }), answers, (wrongBy, asked) => {
      const { clock, ask, pass, serverTime } = machine(wrongBy);
      for (const [there, back, pause] of asked) {
        ask(there, back);
        const off = clock.now() - serverTime();
        expect(off).toBeLessThanOrEqual(1_000 + there + back + 1);
        expect(off).toBeGreaterThanOrEqual(-(1_000 + there + back + 1));
        pass(pause);
      }
    }),
  );
});
