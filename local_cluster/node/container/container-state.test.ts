import { expect, test } from 'vitest';
import { ContainerState } from './container-state.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

/** A state at a clock that the test sets; `hold` gives what is left to wait and notes what it comes to wait for. */
function create() {
  const clock = { now: start, setBackBy: 0 };
  const state = new ContainerState(
    () => clock.now - clock.setBackBy,
    () => clock.now,
  );
  const entered: string[] = [];
  const hold = (endedAt?: number) =>
    state.hold(endedAt, (cause, wait) => {
      entered.push(`${cause} ${wait}`);
      return `waits ${wait}`;
    });
  return { clock, state, entered, hold };
}

test('a new run knows nothing of the one before', () => {
  const { state } = create();
  state.markStarted();
  state.markReady(true);
  state.begin({ isRepetition: false });
  expect([state.started, state.ready, state.waiting]).toEqual([false, false, undefined]);
});

test('a container that crashes again waits, and says so once', () => {
  const { clock, state, entered, hold } = create();
  expect(hold(clock.now)).toBe(0);
  state.begin({ isRepetition: true });
  expect([hold(clock.now), hold(clock.now)]).toEqual([10_000, 10_000]);
  expect([entered, state.waiting]).toEqual([['crash 10s'], { reason: 'CrashLoopBackOff', message: 'waits 10s' }]);
  clock.now += 10_000;
  expect(hold(start)).toBe(0);
});

test('a failed pull shows for a second, then that the next try is waited for', () => {
  const { clock, state, entered, hold } = create();
  state.failPull({ reason: 'ErrImagePull', message: 'no such image' });
  expect([hold(), entered]).toEqual([1_000, []]);
  clock.now += 1_000;
  expect([hold(), entered, state.waiting]).toEqual([
    ...[9_000, ['pull 10s'], { reason: 'ImagePullBackOff', message: 'waits 10s' }],
  ]);
  clock.now += 9_000;
  expect(hold()).toBe(0);
});

test('a missing ConfigMap is looked for again two seconds later', () => {
  const { clock, state, hold } = create();
  state.failCreation({ reason: 'CreateContainerConfigError', message: 'configmap "a" not found' });
  expect([hold(), state.waiting?.reason]).toEqual([2_000, 'CreateContainerConfigError']);
  clock.now += 2_000;
  expect(hold()).toBe(0);
  state.begin({ isRepetition: false });
  expect(state.waiting).toBeUndefined();
});

test('a pull is tried again in time when the clock is set back', () => {
  const { clock, state, hold } = create();
  state.failPull({ reason: 'ErrImagePull', message: 'no such image' });
  clock.setBackBy = 3_600_000;
  clock.now += 10_000;
  expect(hold()).toBe(0);
});
