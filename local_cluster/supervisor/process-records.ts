/**
 * The list of the processes that a cluster has running, kept in its state folder. After a SIGKILL of the
 * supervisor, the next start ends exactly the processes on it, and no others.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, isRunning, killProcess, type ProcessIdentity } from './process-identity.ts';

/** Names of a cluster's processes and who they are; `supervisor` is the one that started the others. */
export type ProcessRecords = Record<string, ProcessIdentity>;

/** Gives what the state folder has on record; an absent or damaged file counts as nothing on record. */
export function readRecords(stateFolder: string): ProcessRecords {
  try {
    return JSON.parse(readFileSync(recordsFile(stateFolder), 'utf8'));
  } catch {
    return {};
  }
}

/** Notes the process `pid` under `name`, or that there is none any more. On disk when it returns. */
export function recordProcess(stateFolder: string, name: string, pid: number | undefined): void {
  const { [name]: _replaced, ...others } = readRecords(stateFolder);
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  const records = identity ? { ...others, [name]: identity } : others;
  mkdirSync(stateFolder, { recursive: true });
  const file = recordsFile(stateFolder);
  writeFileSync(`${file}.new`, `${JSON.stringify(records, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Ends what a supervisor that is gone has left running. To be called by whoever holds the state folder's
 * lock. Gives the names of the processes that it ended. They are killed, not asked: a node agent that is asked
 * to end would end its Jobs too, and those are to go on.
 */
export async function endLeftovers(stateFolder: string): Promise<string[]> {
  const leftovers = Object.entries(readRecords(stateFolder)).filter(
    ([name, identity]) => name !== 'supervisor' && isRunning(identity),
  );
  await Promise.all(leftovers.map(([, identity]) => killProcess(identity)));
  for (const [name] of leftovers) recordProcess(stateFolder, name, undefined);
  return leftovers.map(([name]) => name);
}

function recordsFile(stateFolder: string): string {
  return path.join(stateFolder, 'processes.json');
}
