import { expect, test, vi } from 'vitest';
import { createStreamSlots } from './stream-slots.ts';

const never = new AbortController().signal;

test('slots are given in the order of asking, and whoever leaves before is passed over', async () => {
  const slots = createStreamSlots({ most: 1, turnMs: 60_000 });
  const first = await slots.acquire(never);
  const leaving = new AbortController();
  const order: string[] = [];
  const left = slots.acquire(leaving.signal).then((slot) => order.push(`left ${slot}`));
  const second = slots.acquire(never).then((slot) => {
    order.push('second');
    return slot;
  });
  const third = slots.acquire(never).then(() => order.push('third'));
  leaving.abort();
  await left;
  first!.release();
  first!.release();
  (await second)!.release();
  await third;
  expect(order).toEqual(['left undefined', 'second', 'third']);
});

test('where others wait, the one that has had a slot longest gives it up when its turn is over, and no other', async () => {
  vi.useFakeTimers();
  const slots = createStreamSlots({ most: 2, turnMs: 1_000 });
  const first = (await slots.acquire(never))!;
  await vi.advanceTimersByTimeAsync(500);
  const second = (await slots.acquire(never))!;
  await vi.advanceTimersByTimeAsync(5_000);
  expect([first.turnOver.aborted, second.turnOver.aborted]).toEqual([false, false]);
  const third = slots.acquire(never);
  expect([first.turnOver.aborted, second.turnOver.aborted]).toEqual([true, false]);
  first.release();
  await third;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(second.turnOver.aborted).toBe(false);
  vi.useRealTimers();
});
