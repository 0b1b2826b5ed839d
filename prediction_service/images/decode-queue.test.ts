import { expect, test } from 'vitest';
import { createDecodeQueue } from './decode-queue.ts';

/** Work that takes until it is said to be done. */
function createWork() {
  const started: string[] = [];
  const ends: (() => void)[] = [];
  return {
    started,
    work: (name: string) => () => {
      started.push(name);
      return new Promise<string>((resolve) => ends.push(() => resolve(name)));
    },
    finishNext: () => ends.shift()!(),
  };
}

const forever = () => new AbortController().signal;

test('what a call has not begun is left out once nobody waits for it, and others have its places', async () => {
  const queue = createDecodeQueue(1);
  const { started, work, finishNext } = createWork();
  const left = new AbortController();
  const gone = queue.forCall(left.signal);
  const ofGone = ['a', 'b', 'c'].map((name) => gone.run(work(name)));
  const other = queue.forCall(forever()).run(work('d'));
  left.abort(new Error('the client left'));
  finishNext();
  expect(await Promise.allSettled(ofGone)).toMatchObject([
    { value: 'a' },
    { reason: { message: 'the client left' } },
    { reason: { message: 'the client left' } },
  ]);
  await expect.poll(() => started).toEqual(['a', 'd']);
  finishNext();
  expect(await other).toBe('d');
  expect(queue.waiting()).toBe(0);
});
