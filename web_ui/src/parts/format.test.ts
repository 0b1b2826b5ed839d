import { expect, test } from 'vitest';
import {
  formatAccuracy,
  formatBytes,
  formatCount,
  formatDay,
  formatMilliseconds,
  formatShare,
  shortId,
} from './format.ts';

test('figures are written with their units, always with as many digits', () => {
  expect([formatShare(0.998), formatShare(0), formatShare(1), formatAccuracy(0.989), formatCount(10000)]).toEqual([
    '99.8 %',
    '0.0 %',
    '100.0 %',
    '98.90 %',
    '10,000',
  ]);
  expect([formatMilliseconds(0.44), formatMilliseconds(9.96), formatMilliseconds(123.4)]).toEqual([
    '0.4 ms',
    '10.0 ms',
    '123 ms',
  ]);
  expect([formatBytes(437_522), formatBytes(1_590_000), formatBytes(18_600_000)]).toEqual([
    '438 kB',
    '1.6 MB',
    '18.6 MB',
  ]);
  expect(formatDay(new Date(2026, 10, 21))).toBe('2026-11-21');
});

test('what is not quite sure is not written as sure', () => {
  expect([formatShare(0.9994), formatShare(0.9996), formatShare(0.999_999)]).toEqual([
    '99.9 %',
    '> 99.9 %',
    '> 99.9 %',
  ]);
});

test('an id is cut at its front', () => {
  expect(shortId('free-job-template-hmfqevzs4fs36enitm6a6kb2nt')).toBe('…36enitm6a6kb2nt');
});
