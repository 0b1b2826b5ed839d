/** Which address octet a cluster had last. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileSafely } from '../record-file.ts';
import { requireReplacement } from './pending-replacement.ts';

/** Gives the octet of the last run: pods that outlived its supervisor listen there. Undefined when it is not known. */
export function octetBefore(stateFolder: string): number | undefined {
  const file = octetFile(stateFolder);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
}

/** Notes the octet of this run, and when it may be another than before, that pods may have addresses that are not its own. */
export function recordOctet(stateFolder: string, octet: number): void {
  const before = octetBefore(stateFolder);
  if (existsSync(octetFile(stateFolder)) && before !== octet)
    requireReplacement(stateFolder, `the address octet was ${before ?? 'lost'} and is ${octet}`);
  writeFileSafely(octetFile(stateFolder), `${octet}\n`);
}

function octetFile(stateFolder: string): string {
  return path.join(stateFolder, 'octet');
}
