import { describe, expect, test } from 'vitest';
import { createAddressMap } from './address-map.ts';

describe('The address map', () => {
  const map = createAddressMap('10.0.0.0/8=127.0.0.0/8');

  test('turns a pod address into the one its processes listen on, whatever the octet of the cluster', () => {
    expect(['10.244.1.7', '10.9.2.250', '10.255.255.255'].map(map)).toEqual([
      '127.244.1.7',
      '127.9.2.250',
      '127.255.255.255',
    ]);
  });

  test('leaves other addresses and what is no address alone', () => {
    expect(['11.0.0.1', '192.168.0.1', 'fd00::1', '10.1.2', '10.1.2.999'].map(map)).toEqual([
      '11.0.0.1',
      '192.168.0.1',
      'fd00::1',
      '10.1.2',
      '10.1.2.999',
    ]);
  });

  test('takes several rules of any length, and none at all', () => {
    const narrow = createAddressMap('10.1.128.0/17=192.168.0.0/17, 10.1.0.3/32=1.2.3.4/32');
    expect(['10.1.129.5', '10.1.0.3', '10.1.0.4'].map(narrow)).toEqual(['192.168.1.5', '1.2.3.4', '10.1.0.4']);
    expect(createAddressMap('')('10.1.2.3')).toBe('10.1.2.3');
  });

  test.each([
    '10.0.0.0/8',
    '10.0.0.0/8=127.0.0.0/16',
    '10.0.0.0=127.0.0.0',
    'a/8=b/8',
    '10.0.0.0/33=127.0.0.0/33',
    '1.1.1.1/8=2.2.2.2/8=3.3.3.3/8',
  ])('refuses the rule %s', (rule) => {
    expect(() => createAddressMap(rule)).toThrow(`ADDRESS_MAP: '${rule}' is not a pair of equally long prefixes`);
  });
});
