import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasMoved, octetBefore, recordMoveDone, recordOctet } from './octet-record.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'octet-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a first start has not moved, and neither has one with the octet of the run before', () => {
  expect(octetBefore(folder)).toBeUndefined();
  for (let start = 0; start < 2; start++) {
    recordOctet(folder, 244);
    expect([octetBefore(folder), hasMoved(folder)]).toEqual([244, false]);
  }
  expect(readFileSync(path.join(folder, 'octet'), 'utf8')).toBe('244\n');
});

test('a move is known to every later start until it is done, also after one that ended in between', () => {
  recordOctet(folder, 244);
  const seen = [245, 245, 244].map((octet) => {
    recordOctet(folder, octet);
    return [octetBefore(folder), hasMoved(folder)];
  });
  expect(seen).toEqual([
    [245, true],
    [245, true],
    [244, true],
  ]);
  recordMoveDone(folder);
  recordOctet(folder, 244);
  expect(hasMoved(folder)).toBe(false);
});
