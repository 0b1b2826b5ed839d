/**
 * Notices that a cluster is nobody's any more: its supervisor is gone, and so is its state folder, so that no later start
 * will find it. While the folder is there, a cluster without a supervisor goes on, for the next start to take over.
 */
import { statSync } from 'node:fs';
import { ifKnown } from '../passing-fault.ts';
import { isRunning } from './process-identity.ts';
import { readRecords } from './process-records.ts';

const lookMs = 5_000;

/** Looks now and then, until it is so, and calls back then, once. */
export function watchForAbandonment(stateFolder: string, onAbandoned: () => void, everyMs = lookMs): void {
  const folder = identifyFolder(stateFolder);
  let { supervisor } = readRecords(stateFolder);
  const look = () => {
    // Another folder in its place is another cluster's.
    if (identifyFolder(stateFolder) === folder) {
      supervisor = readRecords(stateFolder).supervisor ?? supervisor;
      return;
    }
    if (supervisor && isRunning(supervisor)) return;
    clearInterval(timer);
    onAbandoned();
  };
  const timer = setInterval(() => ifKnown(look, undefined), everyMs);
  timer.unref();
}

function identifyFolder(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}
