/** The cgroups that a rig's pods are in. They are the only thing of a rig that does not end with its namespaces. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const emptyWithinMs = 20_000;
const pollMs = 50;

interface Hierarchy {
  root: string;
  isUnified: boolean;
}

/**
 * Makes a cgroup in every hierarchy that this machine has.
 * @param name from the root of the hierarchies, for instance `rig/node-1`
 */
export function createCgroup(name: string): void {
  for (const { root, isUnified } of withControllers(listHierarchies())) {
    let folder = root;
    for (const part of name.split('/')) {
      if (isUnified) passOnControllers(folder);
      folder = path.join(folder, part);
      mkdirSync(folder, { recursive: true });
    }
    if (isUnified) passOnControllers(folder);
  }
}

/**
 * Gives a cgroup the weight of so many processors against what else the machine runs: every process outside of any cgroup
 * has that of one, and a new cgroup, whatever is in it, too.
 */
export function weighCgroup(name: string, processors: number): void {
  for (const folder of findCgroups(name))
    setWeight(folder, { 'cpu.shares': 1024 * processors, 'cpu.weight': 100 * processors });
}

/** A cgroup's weight, by the file that has it: of version 1, and of version 2. */
export type Weight = Record<'cpu.shares' | 'cpu.weight', number>;

/**
 * Writes a cgroup's weight into the files that it has.
 * @param isAtLeast one that is greater stays
 */
export function setWeight(folder: string, weights: Weight, isAtLeast = false): void {
  for (const [file, weight] of Object.entries(weights)) {
    const setting = path.join(folder, file);
    if (!existsSync(setting) || (isAtLeast && Number(readFileSync(setting, 'utf8')) >= weight)) continue;
    writeFileSync(setting, String(weight));
  }
}

/**
 * Removes a cgroup and those in it, once the last process is gone from them. One that is not there is fine.
 * @throws Error that names one in which there still are processes
 */
export async function removeCgroup(name: string): Promise<void> {
  const giveUpAt = performance.now() + emptyWithinMs;
  for (const folder of findCgroups(name)) {
    while (!tryToRemove(folder)) {
      if (performance.now() > giveUpAt) throw new Error(`the cgroup ${folder} still has processes`);
      await sleep(pollMs);
    }
  }
}

/** Folders of a cgroup, one for each hierarchy that has it. */
export function findCgroups(name: string): string[] {
  return listHierarchies()
    .map(({ root }) => path.join(root, name))
    .filter((folder) => existsSync(folder));
}

function tryToRemove(folder: string): boolean {
  try {
    const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    if (!inside.map(({ name }) => tryToRemove(path.join(folder, name))).every(Boolean)) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

/** Where cgroups are mounted, from the root of each hierarchy. Source: proc(5), /proc/PID/mountinfo. */
function listHierarchies(): Hierarchy[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, root = '', type] = /^\S+ \S+ \S+ \S+ (\S+) .* - (cgroup2?) /.exec(line) ?? [];
    return type ? [{ root, isUnified: type === 'cgroup2' }] : [];
  });
}

/** Beside hierarchies of version 1, one of version 2 has no controllers. runc makes cgroups in it all the same. */
function withControllers(all: Hierarchy[]): Hierarchy[] {
  return all.filter(({ isUnified }) => !isUnified || all.length === 1);
}

/** In a cgroup of version 2, those below have only the controllers that it passes on. */
function passOnControllers(folder: string): void {
  const controllers = readFileSync(path.join(folder, 'cgroup.controllers'), 'utf8').trim().split(' ');
  writeFileSync(path.join(folder, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
}
