/** A disk of 64 KiB that a test can fill. It is a tmpfs of its own, which takes root. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Says whether this user may mount one. */
export function canMount(): boolean {
  const place = mkdtempSync(path.join(tmpdir(), 'mount-test-'));
  try {
    mountSmallDisk(place);
    unmount(place);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(place);
  }
}

/** Mounts one on an empty folder. */
export function mountSmallDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
}

/** Takes it away, also while somebody uses it. */
export function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder]);
}

/** Fills the disk that a folder is on. @throws Error of something else than a full disk */
export function fillDisk(folder: string): void {
  const file = openSync(path.join(folder, 'filler'), 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault;
  } finally {
    closeSync(file);
  }
}
