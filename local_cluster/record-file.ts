// Small JSON files that have to survive whatever ends this process or the machine.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lookOr } from './passing-fault.ts';

/**
 * Reads a record; undefined when it is not there or cannot be read: what a full disk, a power loss or somebody's editor
 * has left of a record says nothing, and is as good as lost.
 * @throws Error when this process has no file descriptors, say: then nothing is known of the record
 */
export function readRecordFile<T extends object>(file: string): T | undefined {
  const record: unknown = lookOr(() => JSON.parse(readFileSync(file, 'utf8')), undefined);
  return typeof record === 'object' && record !== null ? (record as T) : undefined;
}

/** Writes a record that appears whole or not at all, readable by this user only; on the disk when this returns. */
export function writeRecordFile(file: string, record: object): void {
  writeFileSafely(file, JSON.stringify(record));
}

/** The same for any text, with the permissions that are given. */
export function writeFileSafely(file: string, content: string, mode = 0o600): void {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.new`);
  const descriptor = openSync(temporary, 'w', mode);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  syncEntry(path.dirname(file));
}

/** Writes a file, or what a folder lists, to the disk: a rename is there only when its folder is. */
export function syncEntry(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
