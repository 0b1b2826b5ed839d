import { expect, test } from 'vitest';
import { emptyPlaceMs, orderInversions } from './waits.ts';

test('a place is empty from a pod’s end to the creation of the next pod', () => {
  const pods = [
    { job: 'a', createdAt: 0, endedAt: 1_000 },
    { job: 'b', createdAt: 10, endedAt: 1_200 },
    { job: 'c', createdAt: 1_050, endedAt: 2_100 },
    { job: 'd', createdAt: 1_500, endedAt: 2_600 },
  ];
  expect(emptyPlaceMs(pods, 2)).toEqual([50, 300]);
});

test('a pod that the watch showed before the end that made room for it has left no place empty', () => {
  const pods = [
    { job: 'a', createdAt: 0, endedAt: 1_000 },
    { job: 'b', createdAt: 990, endedAt: 2_000 },
  ];
  expect(emptyPlaceMs(pods, 1)).toEqual([0]);
});

test('pods that are the last, or have not ended, do not count', () => {
  expect(emptyPlaceMs([{ job: 'a', createdAt: 0, endedAt: 5 }], 2)).toEqual([]);
  expect(emptyPlaceMs([{ job: 'a', createdAt: 0 }], 1)).toEqual([]);
});

test('jobs that start in another order than they were accepted in are counted in pairs', () => {
  const accepted = ['a', 'b', 'c'];
  const pods = (order: string[]) => order.map((job, createdAt) => ({ job, createdAt }));
  expect(orderInversions(pods(['a', 'b', 'c']), accepted)).toBe(0);
  expect(orderInversions(pods(['b', 'a', 'c']), accepted)).toBe(1);
  expect(orderInversions(pods(['c', 'b', 'a']), accepted)).toBe(3);
  expect(orderInversions(pods(['b', 'somebody-else', 'a']), accepted)).toBe(1);
});
