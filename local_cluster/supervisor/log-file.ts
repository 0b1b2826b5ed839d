/** Log files of long-lived processes, kept from growing for ever. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import path from 'node:path';

const largestLogBytes = 32 * 1024 * 1024;

/**
 * Opens a process's log for appending, keeping the run before as `NAME.previous.log`.
 * Gives a file descriptor, which the caller closes.
 */
export function openFreshLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  if (existsSync(file)) renameSync(file, previousOf(file));
  return openSync(file, 'a', 0o600);
}

/**
 * Moves a log that has become too large to `NAME.previous.log`, in place: the process that writes it
 * appends, so it goes on at the new beginning.
 */
export function rotateIfLarge(file: string, limitBytes = largestLogBytes): void {
  if (!existsSync(file) || statSync(file).size <= limitBytes) return;
  try {
    copyFileSync(file, previousOf(file));
  } catch {
    // No room for two of them: the disk needs it more than the log's readers.
    rmSync(previousOf(file), { force: true });
  }
  truncateSync(file);
}

/** Gives the last lines of a log, for an error message; empty if there is none. */
export function lastLines(file: string, count: number): string {
  if (!existsSync(file)) return '';
  const size = statSync(file).size;
  const length = Math.min(size, 64 * 1024);
  const buffer = Buffer.alloc(length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, buffer, 0, length, size - length);
  closeSync(descriptor);
  return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
}

function previousOf(file: string): string {
  return file.replace(/\.log$/, '.previous.log');
}
