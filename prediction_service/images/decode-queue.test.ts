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
  await expect.poll(() => started).toEqual(['a']);
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

test('a call has one place at a time, however many images it has, and the images of others come between', async () => {
  const queue = createDecodeQueue(2);
  const { started, work, finishNext } = createWork();
  const large = queue.forCall(forever());
  const ofLarge = ['a1', 'a2', 'a3'].map((name) => large.run(work(name)));
  await expect.poll(() => started).toEqual(['a1']);
  const ofOthers = ['b', 'c'].map((name) => queue.forCall(forever()).run(work(name)));
  await expect.poll(() => started).toEqual(['a1', 'b']);
  expect(queue.waiting()).toBe(5);
  for (const soFar of [['c'], ['c', 'a2'], ['c', 'a2'], ['c', 'a2', 'a3']]) {
    finishNext();
    await expect.poll(() => started.slice(2)).toEqual(soFar);
  }
  finishNext();
  expect(await Promise.all([...ofLarge, ...ofOthers])).toEqual(['a1', 'a2', 'a3', 'b', 'c']);
  expect(queue.waiting()).toBe(0);
});

test('an image that cannot be read does not keep the next of its call from being read', async () => {
  const call = createDecodeQueue(1).forCall(forever());
  const damaged = call.run(() => Promise.reject(new Error('damaged')));
  const next = call.run(async () => 'read');
  await expect(damaged).rejects.toThrow('damaged');
  expect(await next).toBe('read');
});
