import { mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readRecordFile, writeRecordFile } from './record-file.ts';

/** What every read fails with, where it is set. */
let readFault: Error | undefined;
vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  const readFileSync = (...given: Parameters<typeof original.readFileSync>) => {
    if (readFault) throw readFault;
    return original.readFileSync(...given);
  };
  return { ...original, readFileSync };
});
afterEach(() => {
  readFault = undefined;
});

const folder = mkdtempSync(path.join(tmpdir(), 'record-file-'));
const file = path.join(folder, 'record.json');

test('a record is read as it was written, and nothing else is left beside it', () => {
  writeRecordFile(file, { a: 1 });
  writeRecordFile(file, { a: 2 });
  expect(readRecordFile(file)).toEqual({ a: 2 });
  expect([readdirSync(folder), statSync(file).mode & 0o777]).toEqual([['record.json'], 0o600]);
});

test.each(['', '{"a":', 'null', '3', '\0\0\0\0'])('a record that says %j is lost', (content) => {
  writeFileSync(file, content);
  expect(readRecordFile(file)).toBeUndefined();
});

test('so is one that is not there, or is no file', () => {
  truncateSync(file);
  expect([file, path.join(folder, 'none.json'), folder].map((lost) => readRecordFile(lost))).toEqual(
    new Array(3).fill(undefined),
  );
});

test.each(['EMFILE', 'ENFILE', 'ENOMEM'])('one that cannot be read now (%s) is not taken for lost', (code) => {
  writeRecordFile(file, { a: 1 });
  readFault = Object.assign(new Error(code), { code });
  expect(() => readRecordFile(file)).toThrow(code);
  readFault = undefined;
  expect(readRecordFile(file)).toEqual({ a: 1 });
});
