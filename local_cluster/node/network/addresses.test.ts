import { expect, test } from 'vitest';
import { addressPair, createAddressPool } from './addresses.ts';

test('a pod has an address for the API and one for its processes', () => {
  expect(createAddressPool(244, 2).allocate()).toEqual({ announced: '10.244.2.2', local: '127.244.2.2' });
});

test('an address that was given back is used again as late as possible', () => {
  const pool = createAddressPool(244, 1);
  const first = pool.allocate();
  pool.release(first);
  const others = Array.from({ length: 252 }, () => pool.allocate());
  expect(new Set(others.map(({ local }) => local))).not.toContain(first.local);
  expect(pool.allocate()).toEqual(first);
  expect(() => pool.allocate()).toThrow('no pod address is free');
});

test('pods that were there before keep theirs', () => {
  const pool = createAddressPool(244, 1);
  pool.retake(addressPair(244, 1, 2));
  pool.retake(addressPair(244, 1, 7));
  expect(pool.allocate().local).toBe('127.244.1.8');
});
