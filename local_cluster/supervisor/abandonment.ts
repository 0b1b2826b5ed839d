/**
 * Notices that a cluster is nobody's any more: its supervisor is gone, and so is its state folder, so that no later start
 * will find it. While the folder is there, a cluster without a supervisor goes on, for the next start to take over.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { ifKnown } from '../passing-fault.ts';
import { findProcesses, isRunning, type ProcessIdentity } from './process-identity.ts';
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

const components = ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];

/**
 * Finds the control plane of a state folder by what its processes were started with. The records that name them have gone
 * with the folder, and a node that looked at these before may have looked too early.
 */
export function findControlPlane(stateFolder: string): ProcessIdentity[] {
  return findProcesses(([program = '', ...given]) => {
    // Released programs have their own names; the one that is built is given the component's.
    const isComponent = components.includes(path.basename(program)) || components.includes(given[0] ?? '');
    return isComponent && given.some((argument) => argument.includes(`${stateFolder}${path.sep}`));
  });
}

function identifyFolder(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}
