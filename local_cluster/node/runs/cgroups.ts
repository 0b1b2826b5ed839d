// CPU and memory limits by control groups, where this machine lets us make them: cgroup v2 below a group that was
// delegated to us, or the v1 controllers where they are writable. Where it does not, limits are not enforced, and the
// node says so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

type Controller = 'cpu' | 'memory';

interface Hierarchy {
  version: 1 | 2;
  /** The group below which each container gets its own. */
  folder: string;
}

/** What one container may use, and how much of a contended CPU it gets. */
export interface ContainerLimits {
  cpuMillis?: number | undefined;
  memoryBytes?: number | undefined;
  /** Relative share of the CPU, 1024 being an ordinary process. */
  cpuShares: number;
}

export interface ContainerGroups {
  /** Groups for the container's process to join. */
  folders: string[];
  /** The file that counts `oom_kill`, or empty. */
  memoryEvents: string;
}

export type Cgroups = Awaited<ReturnType<typeof detectCgroups>>;

/**
 * Finds out what can be limited here, by trying.
 * @param shim the shim's binary, which tries to join a group
 * @param name of the group that holds all containers of this node; its own on the machine
 */
export async function detectCgroups(shim: string, name: string) {
  const cpu = await findHierarchy('cpu', shim, name);
  const memory = await findHierarchy('memory', shim, name);
  const hierarchies = { cpu, memory };
  const folders = new Set([cpu?.folder, memory?.folder].filter((folder) => folder !== undefined));

  return {
    /** For people: how a limit of this kind is held. */
    describe: (controller: Controller) => {
      const found = hierarchies[controller];
      return found ? `enforced: cgroup v${found.version}` : 'not enforced: no writable control group';
    },

    /** Makes the groups of one container. */
    create(id: string, limits: ContainerLimits): ContainerGroups {
      const groups = new Set<string>();
      let memoryEvents = '';
      if (cpu) {
        const group = makeGroup(cpu, id);
        limitCpu(cpu.version, group, limits);
        groups.add(group);
      }
      const memoryBytes = memoryLimit(limits.memoryBytes);
      if (memory && memoryBytes) {
        const group = makeGroup(memory, id);
        write(group, memory.version === 2 ? 'memory.max' : 'memory.limit_in_bytes', String(memoryBytes));
        memoryEvents = join(group, memory.version === 2 ? 'memory.events' : 'memory.oom_control');
        groups.add(group);
      }
      return { folders: [...groups], memoryEvents };
    },

    /** Removes what is left of the groups of a pod: a shim that was killed could not remove them. */
    removePod(uid: string): void {
      for (const folder of folders)
        for (const name of readdirSync(folder).filter((entry) => entry.startsWith(uid)))
          removeGroup(join(folder, name));
    },

    /** Removes the node's own groups and those of containers, as soon as these are empty; at most a second is waited. */
    async removeAll(): Promise<void> {
      const deadline = performance.now() + 1_000;
      for (const folder of folders) {
        // Whoever carried the last container is still removing its group.
        for (removeTree(folder); existsSync(folder) && performance.now() < deadline; removeTree(folder))
          await setTimeout(20);
      }
    },
  };
}

function limitCpu(version: 1 | 2, group: string, { cpuMillis, cpuShares }: ContainerLimits): void {
  const shares = Math.min(Math.max(Math.round(cpuShares), 2), 262_144);
  const quota = cpuQuota(cpuMillis);
  if (version === 2) {
    // The kernel's own conversion of the v1 scale, 2–262144, to v2's, 1–10000.
    write(group, 'cpu.weight', String(Math.round(1 + ((shares - 2) * 9999) / 262142)));
    if (quota) write(group, 'cpu.max', `${quota} 100000`);
  } else {
    write(group, 'cpu.shares', String(shares));
    if (quota) write(group, 'cpu.cfs_quota_us', String(quota));
  }
}

/**
 * CPU time in µs of each 100 ms, as the kernel takes it: at least 1 ms, and none for a limit that is above what any
 * machine has.
 */
export function cpuQuota(cpuMillis: number | undefined): number | undefined {
  if (!cpuMillis || cpuMillis > 1e7) return undefined;
  return Math.max(1_000, Math.round(cpuMillis * 100));
}

/** Whole bytes, as the kernel takes them, and none for a limit that is above what any machine has. */
export function memoryLimit(bytes: number | undefined): number | undefined {
  return bytes && bytes < 2 ** 53 ? Math.ceil(bytes) : undefined;
}

async function findHierarchy(controller: Controller, shim: string, name: string): Promise<Hierarchy | undefined> {
  for (const { version, folder } of candidateParents(controller)) {
    const group = join(folder, name);
    try {
      mkdirSync(group, { recursive: true });
      if (version === 2) delegate(folder, group, controller);
      const hierarchy: Hierarchy = { version, folder: group };
      const trial = makeGroup(hierarchy, 'trial');
      const joined = await canJoin(shim, trial);
      removeGroup(trial);
      if (joined) return hierarchy;
      removeGroup(group);
    } catch {
      removeGroup(group);
    }
  }
  return undefined;
}

/** Where a group of ours might be made: v1 below our own group; v2 there or at any ancestor. */
function candidateParents(controller: Controller): Hierarchy[] {
  const parents: Hierarchy[] = [];
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const version = controllers === '' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes(controller)) continue;
    const mount = findMount(version, controller);
    if (!mount) continue;
    const relative = path.startsWith(mount.root) && mount.root !== '/' ? path.slice(mount.root.length) : path;
    let folder = join(mount.point, relative);
    if (version === 1) parents.push({ version, folder });
    else
      for (; folder.startsWith(mount.point); folder = dirname(folder)) {
        const offered = readWords(folder, 'cgroup.controllers');
        if (offered.includes(controller)) parents.push({ version, folder });
      }
  }
  return parents;
}

function findMount(version: 1 | 2, controller: Controller): { root: string; point: string } | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [place = '', kind = ''] = line.split(' - ');
    const [, , , root, point] = place.split(' ');
    const [type, , options = ''] = kind.split(' ');
    const fits = version === 2 ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller);
    if (fits && root && point) return { root, point };
  }
  return undefined;
}

/** Hands a v2 controller down to our group and to its children. @throws Error where that is not ours to do */
function delegate(parent: string, group: string, controller: Controller): void {
  if (!readWords(parent, 'cgroup.subtree_control').includes(controller))
    write(parent, 'cgroup.subtree_control', `+${controller}`);
  write(group, 'cgroup.subtree_control', `+${controller}`);
}

async function canJoin(shim: string, group: string): Promise<boolean> {
  const [code] = await once(spawn(shim, ['join', group], { stdio: 'ignore', env: {} }), 'exit');
  return code === 0;
}

function makeGroup({ folder }: Hierarchy, id: string): string {
  const group = join(folder, id);
  if (!existsSync(group)) mkdirSync(group);
  return group;
}

/** Removes a group and the groups in it, as far as they are empty. */
function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  removeGroup(folder);
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or not empty yet: the next start of this node uses it again.
  }
}

function write(group: string, file: string, value: string): void {
  writeFileSync(join(group, file), value);
}

function readWords(group: string, file: string): string[] {
  try {
    return readFileSync(join(group, file), 'utf8').trim().split(/\s+/);
  } catch {
    return [];
  }
}
