import { describe, expect, test } from 'vitest';
import { convertQuantity, formatQuantity, parseQuantity, scaledValue } from './quantity.ts';

/** Used and hard as given, and as kubectl writes them beside each other; made with `apimachinery`'s own code. */
const asKubernetesWritesThem = [
  ['0', '0', '0', '0'],
  ['1', '2', '1', '2'],
  ['0.9', '2', '900m', '2'],
  ['1.500', '1.050', '1.500', '1.050'],
  ['05Mi', '+5Mi', '05Mi', '+5Mi'],
  ['1.5Gi', '0.5Ki', '1536Mi', '512'],
  ['512Ki', '1025Ki', '512Ki', '1025Ki'],
  ['1000', '1024', '1k', '1024'],
  ['1000000', '1100k', '1M', '1100k'],
  ['1e3', '12e6', '1e3', '12e6'],
  ['100e-3', '1e1', '100e-3', '10'],
  ['1500m', '1Gi', '2', '1Gi'],
  ['0.0000000001', '1.1Ki', '1', '1126400m'],
  ['10G', '1Gi', '9765625Ki', '1Gi'],
  ['1Gi', '10G', '1073741824', '10G'],
  ['9E', '8Ei', '8789062500000000Ki', '9223372036854775807'],
  ['10E', '1Ki', '0', '1Ki'],
  ['123456789012345678901', '1', '123456789012345678901', '1'],
  ['1.23456789012345', '1', '1234567891n', '1'],
  ['0Gi', '1', '0', '1'],
  ['.5', '5.', '500m', '5.'],
  ['2Ki', '1e3', '2048', '1e3'],
  ['900m', '1e3', '1', '1e3'],
  ['9223372036854775807', '1Pi', '9223372036854775807', '1Pi'],
] as const;

describe('a quantity', () => {
  test.each(asKubernetesWritesThem)(
    '%s of %s is written as Kubernetes does',
    (used, hard, usedWritten, hardWritten) => {
      const limit = parseQuantity(hard);
      const amount = parseQuantity(used);
      const alike = amount.format === limit.format ? amount : convertQuantity(amount, limit.format);
      expect([formatQuantity(alike), formatQuantity(limit)]).toEqual([usedWritten, hardWritten]);
    },
  );

  test.each(['', 'Mi', '-', '1..2', '1,5', '1Mib', '1 Gi', '1KM', '0x10', 'NaN'])('is not read from "%s"', (text) => {
    expect(() => parseQuantity(text)).toThrow(RangeError);
  });

  test('below zero keeps its sign', () => {
    expect(formatQuantity(parseQuantity('-1.5Gi'))).toBe('-1536Mi');
  });
});

describe('the value of a quantity', () => {
  test.each([
    ['2', 2],
    ['64Mi', 64 * 1024 * 1024],
    ['1k', 1000],
    ['1e3', 1000],
    ['2E', 2e18],
    ['900m', 1],
    ['1.5', 2],
    [3, 3],
  ])('of %s is %d, rounded up to a whole number', (quantity, expected) => {
    expect(scaledValue(quantity)).toBe(expected);
  });

  test.each([
    ['900m', 900],
    ['2', 2_000],
    ['0.9', 900],
    ['0.1', 100],
    ['1.5', 1_500],
    ['1e3', 1_000_000],
    ['1k', 1_000_000],
    ['1536Mi', 1_610_612_736_000],
    ['1u', 1],
  ])('of %s is %d thousandths', (quantity, expected) => {
    expect(scaledValue(quantity, -3)).toBe(expected);
  });

  test.each(['', 'two', 'much', '1 Gi', '1Xi'])('is not had from "%s"', (text) => {
    expect(() => scaledValue(text)).toThrow(`"${text}" is not a quantity`);
  });
});
