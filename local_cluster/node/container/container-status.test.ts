import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExitRecord } from '../runs/records.ts';
import { readExitMessage } from './container-status.ts';

const folder = mkdtempSync(join(tmpdir(), 'container-status-'));
const at = '2026-01-01T00:00:00Z';
const failed: ExitRecord = { exitCode: 1, signal: 0, oomKilled: false, startedAt: at, finishedAt: at };
const log = join(folder, 'output.log');
writeFileSync(log, `${at} stdout F the last line\n`);

function place(name: string, make: (file: string) => void): string {
  const file = join(folder, name);
  make(file);
  return file;
}

test('the message is what the container wrote to its file, its first 4096 bytes', () => {
  const file = place('written', (path) => writeFileSync(path, 'x'.repeat(5_000)));
  expect(readExitMessage(failed, undefined, file, log)).toBe('x'.repeat(4_096));
});

test.each([
  ['a directory', place('directory', (path) => mkdirSync(path))],
  ['a pipe that nobody writes to', place('pipe', (path) => execFileSync('mkfifo', [path]))],
  ['a device without an end', place('device', (path) => symlinkSync('/dev/zero', path))],
  ['nothing', join(folder, 'nothing')],
])('where the container has put %s in place of its file, there is no message', (_, file) => {
  expect(readExitMessage(failed, undefined, file, log)).toBeUndefined();
  expect(readExitMessage(failed, 'FallbackToLogsOnError', file, log)).toBe('the last line');
  expect(readExitMessage(failed, 'FallbackToLogsOnError', file, file)).toBeUndefined();
});
