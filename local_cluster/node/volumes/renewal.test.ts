import { expect, test } from 'vitest';
import { renewRegularly } from './renewal.ts';

/** A renewal whose waits end when the test says so; `waits` are their lengths. */
function start(renew: (signal: AbortSignal) => Promise<number | undefined>) {
  const waits: number[] = [];
  const faults: string[] = [];
  let pass = Promise.withResolvers<void>();
  const delay = (ms: number, signal: AbortSignal) => {
    waits.push(ms);
    pass = Promise.withResolvers();
    signal.addEventListener('abort', () => pass.reject(signal.reason));
    return pass.promise;
  };
  const renewal = renewRegularly(renew, 60_000, ({ message }) => faults.push(message), delay);
  const endWait = () => pass.resolve();
  const next = async () => {
    const before = waits.length;
    endWait();
    while (waits.length === before) await new Promise(setImmediate);
  };
  return { renewal, waits, faults, endWait, next };
}

test('it goes on after any number of failures', async () => {
  let count = 0;
  const { renewal, waits, faults, next } = start(async () => {
    count++;
    if (count < 5) throw new Error(`failure ${count}`);
    return 60_000;
  });
  for (let passes = 0; passes < 6; passes++) await next();
  expect(waits).toEqual([60_000, 10_000, 10_000, 10_000, 10_000, 60_000, 60_000]);
  expect(faults).toEqual(['failure 1', 'failure 2', 'failure 3', 'failure 4']);
  await renewal.stop();
});

test('it ends where nothing can change any more, and one that has ended can be stopped', async () => {
  const { renewal, waits } = start(async () => undefined);
  await renewal.stop();
  await renewal.stop();
  expect(waits).toEqual([60_000]);
});

test('a stop waits for the renewal that is under way, and there is none after it', async () => {
  const begun = Promise.withResolvers<void>();
  const done: string[] = [];
  const { renewal, waits, faults, endWait } = start(async (signal) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await new Promise(setImmediate);
    done.push('renewed');
    return 60_000;
  });
  endWait();
  await begun.promise;
  await renewal.stop();
  done.push('stopped');
  expect([done, waits, faults]).toEqual([['renewed', 'stopped'], [60_000], []]);
});
