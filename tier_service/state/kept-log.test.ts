import { expect, test } from 'vitest';
import { endOfLog, keptLogBytes, lastLines } from './kept-log.ts';

test('a short log is kept whole', () => {
  expect(endOfLog('one\ntwo')).toBe('one\ntwo');
});

test('of a long log as many whole lines are kept as fit', () => {
  const lines = Array.from({ length: 1_000 }, (_, number) => `line ${number} with an é in it\n`);
  const kept = endOfLog(lines.join(''));
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(keptLogBytes);
  const count = kept.split('\n').length - 1;
  expect(kept).toBe(lines.slice(-count).join(''));
  expect(Buffer.byteLength(lines.slice(-count - 1).join(''))).toBeGreaterThan(keptLogBytes);
});

test('a line that is longer than all that is kept loses its beginning', () => {
  expect(endOfLog('x'.repeat(20_000))).toBe('x'.repeat(keptLogBytes));
});

test('the last lines of a text', () => {
  expect(lastLines('one\ntwo\nthree', 2)).toBe('two\nthree');
  expect(lastLines('one\ntwo\n', 1)).toBe('two\n');
  expect(lastLines('one\ntwo\n', undefined)).toBe('one\ntwo\n');
});
