import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import { readRecords } from '../../local_cluster/supervisor/process-records.ts';

/** The processes that tests kill: parts of the control plane, the nodes' agents, and the supervisor of all of them. */
export type MeshProcess = 'etcd' | 'kube-apiserver' | 'node-1' | 'node-2' | 'supervisor';

/**
 * The id of a process of the mesh as it is now: one that an earlier test has killed has been started again since.
 * @throws Error when there is none of this name, or the process is not what its record says
 */
export function pidOf(name: MeshProcess): number {
  const { stateFolder } = inject('mesh');
  if (!stateFolder) throw new Error(`a mesh of containers has no process ${name} on record`);
  const pid = readRecords(stateFolder)[name]?.pid;
  if (pid === undefined) throw new Error(`the mesh has no process ${name} on record`);
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  if (name !== 'supervisor' && !command.includes(name)) throw new Error(`process ${pid} is not ${name}: ${command}`);
  return pid;
}
