/**
 * Whether pods that have outlived an earlier start still have to be replaced, because they know the cluster as it was: by
 * addresses that it has left, or by an authority that it has lost. Kept in the state folder, because a start may end at any
 * moment: the next one has to know that such pods may be left.
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFileSafely } from '../record-file.ts';

/** Notes why pods have to be replaced; on the disk when it returns. */
export function requireReplacement(stateFolder: string, reason: string): void {
  writeFileSafely(markFile(stateFolder), `${reason}\n`);
}

/** True until `recordReplacementDone`, however many starts that takes. */
export function isReplacementPending(stateFolder: string): boolean {
  return existsSync(markFile(stateFolder));
}

/** Notes that every pod that others connect to, or that connects to the API, has been replaced. */
export function recordReplacementDone(stateFolder: string): void {
  rmSync(markFile(stateFolder), { force: true });
}

function markFile(stateFolder: string): string {
  return path.join(stateFolder, 'pending-replacement');
}
