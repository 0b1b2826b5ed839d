/** Looks for what a rig may have left on the machine: processes, mounts, interfaces, rules, cgroups and files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { findCgroups } from './cgroups.ts';
import { nodePlaces, outside } from './layout.ts';

/** What tells a rig's things from those of others. */
export interface RigTraces {
  stateFolder: string;
  cgroup: string;
  /** As `/proc/PID/ns` has them. */
  namespaces: string[];
}

/** The namespaces of a process that are not those of this one. */
export function namespacesOf(pid: number): string[] {
  return ['pid', 'net', 'mnt'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
}

/** Lists it, a sentence each; empty when nothing is left. */
export function findRemains({ stateFolder, cgroup, namespaces }: RigTraces): string[] {
  return [
    ...findProcessesIn(namespaces).map((pid) => `process ${pid} runs on`),
    ...findMounts(stateFolder).map((place) => `${place} is still mounted`),
    ...findInterfaces().map((name) => `the interface ${name} is on this machine`),
    ...findRules().map((rule) => `the rule ${rule} is on this machine`),
    ...findCgroups(cgroup).map((folder) => `the cgroup ${folder} is still there`),
    ...(existsSync(stateFolder) ? [`the folder ${stateFolder} is still there`] : []),
  ];
}

function findProcessesIn(namespaces: string[]): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return namespacesOf(Number(pid)).some((name) => namespaces.includes(name));
    } catch {
      return false; // It has ended.
    }
  });
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
