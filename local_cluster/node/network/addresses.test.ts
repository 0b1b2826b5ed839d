import { expect, test } from 'vitest';
import { addressPair, createAddressPool, pairOfAnnounced } from './addresses.ts';

const others = (count: number) => Array.from({ length: count }, (_, index) => `other-${index}`);

test('a pod has an address for the API and one for its processes', () => {
  expect(createAddressPool(244, 2).allocate('a')).toEqual({ announced: '10.244.2.2', local: '127.244.2.2' });
});

test('an address that was given back is used again as late as possible', () => {
  const pool = createAddressPool(244, 1);
  const first = pool.allocate('a');
  pool.release('a', first);
  const given = others(252).map((owner) => pool.allocate(owner));
  expect(new Set(given.map(({ local }) => local))).not.toContain(first.local);
  expect(pool.allocate('b')).toEqual(first);
  expect(() => pool.allocate('c')).toThrow('no pod address is free');
});

test('pods that were there before keep theirs', () => {
  const pool = createAddressPool(244, 1);
  for (const last of [2, 7]) pool.reserve(addressPair(244, 1, last));
  expect(pool.retake('a', addressPair(244, 1, 7))).toBe(true);
  expect(pool.allocate('b').local).toBe('127.244.1.8');
});

test('a pod that ended long ago does not give back what is another one’s by now', () => {
  const pool = createAddressPool(244, 1);
  const address = addressPair(244, 1, 5);
  // After a restart of the agent, both have it on record: the one that ended, and the one that runs.
  pool.reserve(address);
  expect(pool.retake('runs', address)).toBe(true);
  pool.release('ended', address);
  const given = others(252).map((owner) => pool.allocate(owner).local);
  expect(given).not.toContain(address.local);
  expect(pool.retake('other', address)).toBe(false);
});

test('a reserved address is free again when its pod turns out to have ended', () => {
  const pool = createAddressPool(244, 1);
  pool.reserve(addressPair(244, 1, 254));
  pool.release('ended', addressPair(244, 1, 254));
  expect(others(253).map((owner) => pool.allocate(owner).local)).toContain('127.244.1.254');
});

test('an address of another range, from before the cluster moved, is kept from nobody and given to nobody', () => {
  const pool = createAddressPool(244, 1);
  pool.reserve(addressPair(245, 1, 2));
  const taken = [addressPair(245, 1, 2), addressPair(244, 2, 2)].map((address) => pool.retake('a', address));
  expect([taken, pool.allocate('b').local]).toEqual([[false, false], '127.244.1.2']);
});

test('both addresses of a pod follow from the one that the API has', () => {
  expect(pairOfAnnounced('10.244.1.7')).toEqual(addressPair(244, 1, 7));
});
