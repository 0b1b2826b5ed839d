/**
 * The list of the processes that a cluster has running, kept in its state folder. After a SIGKILL of the
 * supervisor, the next start ends exactly the processes on it, and no others.
 */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { readRecordFile, writeRecordFile } from '../record-file.ts';
import { findProcesses, identifyProcess, isRunning, killProcess, type ProcessIdentity } from './process-identity.ts';

/** Names of a cluster's processes and who they are; `supervisor` is the one that started the others. */
export type ProcessRecords = Record<string, ProcessIdentity>;

/**
 * Gives what the state folder has on record. In place of a file that cannot be read (a power loss may leave it empty),
 * it gives the cluster's processes that are found among those of this machine.
 */
export function readRecords(stateFolder: string): ProcessRecords {
  const file = recordsFile(stateFolder);
  return readRecordFile<ProcessRecords>(file) ?? (existsSync(file) ? findComponents(stateFolder) : {});
}

const components = ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];
const agent = path.join('local_cluster', 'node', 'agent.ts');

/** Finds the control plane of a state folder by what its processes were started with, on record or not. */
export function findControlPlane(stateFolder: string): (ProcessIdentity & { name: string })[] {
  // Released programs have their own names; the one that is built, which is kubectl as well, is given the component's.
  return findOfCluster(stateFolder, ([program = '', argument = '']) =>
    [path.basename(program), argument].find((name) => components.includes(name)),
  );
}

function findAgents(stateFolder: string): (ProcessIdentity & { name: string })[] {
  return findOfCluster(stateFolder, ([, program = '']) => (program.endsWith(agent) ? 'node agent' : undefined));
}

/** Every process of a cluster is given paths in its state folder; its program tells it from an editor, say, of those. */
function findOfCluster(stateFolder: string, nameOf: (argv: string[]) => string | undefined) {
  const isOurs = (argv: string[]) =>
    nameOf(argv) !== undefined && argv.some((argument) => argument.includes(`${stateFolder}${path.sep}`));
  return findProcesses(isOurs).map(({ argv, ...identity }) => ({ ...identity, name: nameOf(argv)! }));
}

/** By name and process id: there may be two of one name, and without the records nobody knows which is whose successor. */
function findComponents(stateFolder: string): ProcessRecords {
  const found = [...findControlPlane(stateFolder), ...findAgents(stateFolder)];
  return Object.fromEntries(found.map(({ name, ...identity }) => [`${name} ${identity.pid}`, identity]));
}

/** Notes the process `pid` under `name`, or that there is none any more. On disk when it returns. */
export function recordProcess(stateFolder: string, name: string, pid: number | undefined): void {
  const { [name]: _replaced, ...others } = readRecords(stateFolder);
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  const records = identity ? { ...others, [name]: identity } : others;
  mkdirSync(stateFolder, { recursive: true });
  writeRecordFile(recordsFile(stateFolder), records);
}

/**
 * Ends what a supervisor that is gone has left running: what is on record, and what was too young to be. To be called by whoever holds the state folder's
 * lock. Gives the names of the processes that it ended. They are killed, not asked: a node agent that is asked
 * to end would end its Jobs too, and those are to go on.
 */
export async function endLeftovers(stateFolder: string): Promise<string[]> {
  const recorded = readRecords(stateFolder);
  const { supervisor: _gone, ...others } = recorded;
  // One that had only just been started when the supervisor was killed is not on record.
  const found = Object.entries(findComponents(stateFolder)).filter(
    ([, { pid }]) => !Object.values(recorded).some((known) => known.pid === pid),
  );
  const leftovers = [...Object.entries(others), ...found].filter(([, identity]) => isRunning(identity));
  await Promise.all(leftovers.map(([, identity]) => killProcess(identity)));
  for (const [name] of leftovers) tryToForget(stateFolder, name);
  return leftovers.map(([name]) => name);
}

/** On a full disk the record stays; of a process that is gone it says nothing. */
function tryToForget(stateFolder: string, name: string): void {
  try {
    recordProcess(stateFolder, name, undefined);
  } catch {
    // Whoever reads it compares it with what runs.
  }
}

function recordsFile(stateFolder: string): string {
  return path.join(stateFolder, 'processes.json');
}
