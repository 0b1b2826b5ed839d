/** Brings what was made to the disk before it gets its name, so that a power loss leaves no empty files under that name. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { syncEntry } from '../record-file.ts';

/**
 * Writes a folder and all files below it to the disk.
 *
 * `sync -f` does it for the whole file system in one call: PyTorch's 25,000 files would take a minute one by one. They
 * are synced so only where the program is missing, or does not know the option.
 * @throws the system's error if the disk fails
 */
export async function syncFiles(folder: string): Promise<void> {
  try {
    await promisify(execFile)('sync', ['-f', folder]);
  } catch {
    syncOneByOne(folder);
  }
}

function syncOneByOne(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) syncOneByOne(file);
    else if (entry.isFile()) syncEntry(file);
  }
  syncEntry(folder);
}
