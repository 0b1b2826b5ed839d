import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { octetBefore, recordOctet } from './octet-record.ts';
import { isReplacementPending, recordReplacementDone } from './pending-replacement.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'octet-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a first start has not moved, and neither has one with the octet of the run before', () => {
  expect(octetBefore(folder)).toBeUndefined();
  for (let start = 0; start < 2; start++) {
    recordOctet(folder, 244);
    expect([octetBefore(folder), isReplacementPending(folder)]).toEqual([244, false]);
  }
  expect(readFileSync(path.join(folder, 'octet'), 'utf8')).toBe('244\n');
});

test('a move is known to every later start until it is done, also after one that ended in between', () => {
  recordOctet(folder, 244);
  const seen = [245, 245, 244].map((octet) => {
    recordOctet(folder, octet);
    return [octetBefore(folder), isReplacementPending(folder)];
  });
  expect(seen).toEqual([
    [245, true],
    [245, true],
    [244, true],
  ]);
  recordReplacementDone(folder);
  recordOctet(folder, 244);
  expect(isReplacementPending(folder)).toBe(false);
});

test('an octet that was lost may have been another one', () => {
  recordOctet(folder, 244);
  truncateSync(path.join(folder, 'octet'));
  recordOctet(folder, 244);
  expect([octetBefore(folder), isReplacementPending(folder)]).toEqual([244, true]);
});
