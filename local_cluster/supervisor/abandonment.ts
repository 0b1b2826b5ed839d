/**
 * Notices that a cluster is nobody's any more: its supervisor is gone, and so is its state folder, so that no later start
 * will find it. While the folder is there, a cluster without a supervisor goes on, for the next start to take over.
 */
import { statSync } from 'node:fs';
import type { ProcessIdentity } from './process-identity.ts';
import { isRunning } from './process-identity.ts';
import { type ProcessRecords, readRecords } from './process-records.ts';

const lookMs = 5_000;

/**
 * Looks now and then, until it is so.
 * @param onAbandoned given the processes of the cluster, as they were on record last, by name
 */
export function watchForAbandonment(
  stateFolder: string,
  onAbandoned: (processes: Record<string, ProcessIdentity>) => void,
  everyMs = lookMs,
): void {
  const folder = identifyFolder(stateFolder);
  let last: ProcessRecords = readRecords(stateFolder);
  const timer = setInterval(() => {
    // Another folder in its place is another cluster's.
    if (identifyFolder(stateFolder) === folder) {
      last = { ...last, ...readRecords(stateFolder) };
      return;
    }
    const { supervisor, ...processes } = last;
    if (supervisor && isRunning(supervisor)) return;
    clearInterval(timer);
    onAbandoned(processes);
  }, everyMs);
  timer.unref();
}

function identifyFolder(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}
