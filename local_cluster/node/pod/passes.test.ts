import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPasses } from './passes.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('however often a pass is requested meanwhile, one more follows, and none overlaps another', async () => {
  const steps: string[] = [];
  const gate = Promise.withResolvers<void>();
  const passes = createPasses(async () => {
    steps.push('begin');
    // From within, before the first pause and after it.
    if (steps.length === 1) passes.request();
    await gate.promise;
    steps.push('end');
  }, console.error);
  passes.request();
  passes.request();
  gate.resolve();
  await setImmediate();
  expect(steps).toEqual(['begin', 'end', 'begin', 'end']);
});

test('of several times, the earliest counts', async () => {
  const look = vi.fn(async () => undefined);
  const passes = createPasses(look, console.error);
  passes.requestIn(500);
  passes.requestIn(100);
  passes.requestIn(300);
  await vi.advanceTimersByTimeAsync(99);
  expect(look).toHaveBeenCalledTimes(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(1);
});

test('a pass that fails is told, and made again', async () => {
  const faults: string[] = [];
  const look = vi.fn(async () => undefined).mockRejectedValueOnce(new Error('no answer'));
  const passes = createPasses(look, ({ message }) => faults.push(message));
  passes.request();
  await setImmediate();
  expect([faults, look.mock.calls.length]).toEqual([['no answer'], 1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test('a time that was cancelled does not come, and a later one may', async () => {
  const look = vi.fn(async () => undefined);
  const passes = createPasses(look, console.error);
  passes.requestIn(100);
  passes.cancelTimer();
  await vi.advanceTimersByTimeAsync(200);
  expect(look).toHaveBeenCalledTimes(0);
  passes.requestIn(300);
  await vi.advanceTimersByTimeAsync(300);
  expect(look).toHaveBeenCalledTimes(1);
});
