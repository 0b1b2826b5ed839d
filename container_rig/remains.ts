/** Looks for what a rig may have left on the machine: processes, mounts, interfaces, rules, cgroups and files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { findCgroups } from './cgroups.ts';
import { nodePlaces, outside } from './layout.ts';

/** What tells a rig's things from those of others. */
export interface RigTraces {
  stateFolder: string;
  cgroup: string;
}

/** What every process of a rig has in its environment, but for those in containers, which its cgroup has. */
export function markProcesses(cgroup: string): Record<string, string> {
  return { ML_JOB_MESH_RIG: cgroup };
}

/** Lists it, a sentence each; empty when nothing is left. */
export function findRemains({ stateFolder, cgroup }: RigTraces): string[] {
  return [
    ...findProcesses(cgroup).map((pid) => `process ${pid} runs on`),
    ...findMounts(stateFolder).map((place) => `${place} is still mounted`),
    ...findInterfaces().map((name) => `the interface ${name} is on this machine`),
    ...findRules().map((rule) => `the rule ${rule} is on this machine`),
    ...findCgroups(cgroup).map((folder) => `the cgroup ${folder} is still there`),
    ...(existsSync(stateFolder) ? [`the folder ${stateFolder} is still there`] : []),
  ];
}

function findProcesses(cgroup: string): string[] {
  const marks = Object.entries(markProcesses(cgroup)).map(([name, value]) => `${name}=${value}`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => marks.some((mark) => readEnvironment(pid).includes(mark)));
}

function readEnvironment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // It has ended.
  }
}

function findMounts(stateFolder: string): string[] {
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return places.filter((place) => place.startsWith(`${stateFolder}${path.sep}`));
}

/** They belong into the rig's networks, so that one with such a name anywhere else is a mistake. */
function findInterfaces(): string[] {
  const ours = [outside.bridge, 'cni0', ...nodePlaces.map(({ name }) => `to-${name}`)];
  return Object.keys(networkInterfaces()).filter((name) => ours.includes(name));
}

/** Of kube-proxy, and of the pods' network. */
function findRules(): string[] {
  const rules = execFileSync('iptables-save', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return rules.split('\n').filter((rule) => /^-A .*(KUBE-|CNI-|10\.8[89]\.)/.test(rule));
}
