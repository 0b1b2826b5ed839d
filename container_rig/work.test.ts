import { expect, test } from 'vitest';
import { waitForWork } from './work.ts';

const never = new Promise<never>(() => undefined);
const goesOn = new AbortController().signal;

test('work that goes on is left when it is cancelled', async () => {
  const cancel = new AbortController();
  const waiting = waitForWork(never, never, cancel.signal);
  cancel.abort();
  expect(await waiting).toBe(undefined);
  expect(await waitForWork(never, never, cancel.signal)).toBe(undefined);
});

test('work that is done, that fails, or whose rig ends is not waited for any longer', async () => {
  expect(await waitForWork(Promise.resolve(), never, goesOn)).toBe(undefined);
  await expect(waitForWork(Promise.reject(new Error('it failed')), never, goesOn)).rejects.toThrow('it failed');
  await expect(waitForWork(never, Promise.resolve('the rig has ended'), goesOn)).rejects.toThrow('the rig has ended');
});
