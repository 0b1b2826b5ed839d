import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findDiskPressure, readDiskSpace } from './disk-pressure.ts';

const mebibyte = 1024 ** 2;
const small = { bytes: 1000 * mebibyte, availableBytes: 500 * mebibyte, inodes: 1000, freeInodes: 500 };

test.each([
  ['a disk with room is under no pressure', small, undefined],
  ['nor is one with a tenth left', { ...small, availableBytes: 100 * mebibyte }, undefined],
  [
    'one with less is',
    { ...small, availableBytes: 99 * mebibyte },
    '99 MiB are available on the disk, and 100 MiB are needed: make room',
  ],
  ['two gibibytes are enough on a large one', { ...small, bytes: 2e12, availableBytes: 2048 * mebibyte }, undefined],
  [
    'less is not',
    { ...small, bytes: 2e12, availableBytes: 2047 * mebibyte },
    '2047 MiB are available on the disk, and 2048 MiB are needed: make room',
  ],
  [
    'files may run out before room does',
    { ...small, freeInodes: 49 },
    '49 inodes are free on the disk, and 50 are needed: remove files',
  ],
  ['a file system that does not count files lacks none', { ...small, inodes: 0, freeInodes: 0 }, undefined],
])('%s', (_, space, pressure) => {
  expect(findDiskPressure(space)).toBe(pressure);
});

test('the space that a folder has is read from its file system', ({ skip }) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=100', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    skip('a small file system takes root');
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  writeFileSync(path.join(folder, 'half'), Buffer.alloc(mebibyte / 2));
  expect(readDiskSpace(folder)).toEqual({
    bytes: mebibyte,
    availableBytes: mebibyte / 2,
    inodes: 100,
    freeInodes: 98,
  });
});
