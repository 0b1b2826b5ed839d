/**
 * Which address octet a cluster had last, and whether its services still have to be moved to it. Both are kept in the state
 * folder, because a start may end at any moment: the next one has to know that pods of the old octet may be left.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFileSafely } from '../record-file.ts';

/** Gives the octet of the last run: pods that outlived its supervisor listen there. Undefined when it is not known. */
export function octetBefore(stateFolder: string): number | undefined {
  const file = octetFile(stateFolder);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
}

/** Notes the octet of this run, and when it is another than before, that pods may have addresses that are not its own. */
export function recordOctet(stateFolder: string, octet: number): void {
  const before = octetBefore(stateFolder);
  if (before !== undefined && before !== octet) writeFileSafely(moveFile(stateFolder), `${before} ${octet}\n`);
  writeFileSafely(octetFile(stateFolder), `${octet}\n`);
}

/** Says whether pods may have addresses of another octet; true until `recordMoveDone`, however many starts that takes. */
export function hasMoved(stateFolder: string): boolean {
  return existsSync(moveFile(stateFolder));
}

/** Notes that every pod that others connect to has been replaced since the octet changed. */
export function recordMoveDone(stateFolder: string): void {
  rmSync(moveFile(stateFolder), { force: true });
}

function octetFile(stateFolder: string): string {
  return path.join(stateFolder, 'octet');
}

function moveFile(stateFolder: string): string {
  return path.join(stateFolder, 'octet-move');
}
