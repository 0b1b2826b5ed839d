/** Which folders a start may clear: those that a rig of this user has left, and no others. */
import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import { readRecordFile } from '../local_cluster/record-file.ts';
import { type OwnerRecord, ownerFile } from './state.ts';

const cgroupName = /^ml-job-mesh-rig-[0-9a-f]{8}$/;
const writableByOthers = 0o022;

/**
 * Reads what a rig has left in its state folder; undefined when the folder is missing or empty.
 * @throws Error when the folder is anything else, because whoever clears it would delete what is not a rig's, and kill
 * processes and remove cgroups that somebody else has named
 */
export function readLeftovers(stateFolder: string, user = process.getuid?.()): OwnerRecord | undefined {
  const folder = lstatSync(stateFolder, { throwIfNoEntry: false });
  if (!folder) return undefined;
  const refuse = (reason: string): never => {
    throw new Error(
      `${stateFolder} is not a rig's folder (${reason}), so nothing in it was touched: ` +
        'let RIG_STATE name one that does not exist, or remove this one yourself',
    );
  };
  if (!folder.isDirectory()) return refuse('it is no folder');
  if (!isOfAlone(folder, user)) return refuse('other users may write there');
  if (readdirSync(stateFolder).length === 0) return undefined;
  const file = lstatSync(ownerFile(stateFolder), { throwIfNoEntry: false });
  if (!file) return refuse('it holds files, but no owner.json');
  if (!file.isFile() || !isOfAlone(file, user)) return refuse('other users may write its owner.json');
  const owner = readRecordFile<OwnerRecord>(ownerFile(stateFolder));
  if (!owner || !cgroupName.test(owner.cgroup)) return refuse('its owner.json names no cgroup of a rig');
  return owner;
}

/** Removes it. The record goes last, so that a removal that is killed can be finished by the next start. */
export function removeStateFolder(stateFolder: string): void {
  const options = { recursive: true, force: true, maxRetries: 5 };
  const record = path.basename(ownerFile(stateFolder));
  for (const name of readdirSync(stateFolder)) {
    if (name !== record) rmSync(path.join(stateFolder, name), options);
  }
  rmSync(stateFolder, options);
}

function isOfAlone({ uid, mode }: Stats, user: number | undefined): boolean {
  return uid === user && (mode & writableByOthers) === 0;
}
