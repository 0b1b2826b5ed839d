/** Looks for what a rig may have left on the machine: processes, mounts, interfaces, rules, kernel settings, cgroups, files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findCgroups } from './cgroups.ts';
import { nodePlaces, outside } from './layout.ts';
import { findChanges, type MachineState } from './machine-state.ts';

/** What tells a rig's things from those of others. */
export interface RigTraces {
  stateFolder: string;
  cgroup: string;
  /** What `listNetworkTraces` gave before it was started: of others. */
  before?: string[];
  /** Before it was started; missing in records of earlier versions. */
  machine?: MachineState;
}

/** Interfaces and rules of this machine's own network. */
export interface NetworkState {
  interfaces: string[];
  rules: string[];
}

/** What every process of a rig has in its environment, but for those in containers, which its cgroup has. */
export function markProcesses(cgroup: string): Record<string, string> {
  return { ML_JOB_MESH_RIG: cgroup };
}

/** Lists it, a sentence each; empty when nothing is left. */
export function findRemains({ stateFolder, cgroup, before, machine }: RigTraces): string[] {
  return [
    ...findProcesses(cgroup).map((pid) => `process ${pid} runs on`),
    ...findMounts(stateFolder).map((place) => `${place} is still mounted`),
    ...listNetworkTraces(readNetworkState(), before),
    ...(machine ? findChanges(machine) : []),
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

/**
 * Lists interfaces and rules as a rig has them, a sentence each. They belong in the rig's networks; on the machine itself
 * they are a mistake, unless they are of another cluster, and so were there before.
 */
export function listNetworkTraces({ interfaces, rules }: NetworkState, before: string[] = []): string[] {
  const ours = [outside.bridge, 'cni0', ...nodePlaces.map(({ name }) => `to-${name}`)];
  return [
    ...interfaces.filter((name) => ours.includes(name)).map((name) => `the interface ${name} is on this machine`),
    // Of kube-proxy, and of the pods' network.
    ...rules
      .filter((rule) => /^-A .*(KUBE-|CNI-|10\.8[89]\.)/.test(rule))
      .map((rule) => `the rule ${rule} is on this machine`),
  ].filter((trace) => !before.includes(trace));
}

/** Reads them. */
export function readNetworkState(): NetworkState {
  const rules = execFileSync('iptables-save', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  // Those that are down have no address, and networkInterfaces() does not know them.
  return { interfaces: readdirSync('/sys/class/net'), rules: rules.split('\n') };
}
