// What the shim writes into a container's folder, and what the agent writes there for it. The Go side of these
// shapes is ../shim/records.go.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageDescription } from '../images/images.ts';

/** `config.json`: what the shim is to run. */
export interface ShimConfig {
  argv: string[];
  /** `NAME=value` each. */
  env: string[];
  cwd: string;
  log: string;
  cgroups: string[];
  memoryEvents: string;
  niceness: number;
  /** What the agent wants to know again after a restart, for probes and hooks; the shim does not read them. */
  paths: [string, string][];
  image: ImageDescription;
}

/** `started.json`: the program was executed. Ticks are clock ticks since boot. */
export interface StartRecord {
  pid: number;
  startTicks: number;
  shimPid: number;
  shimTicks: number;
  bootId: string;
  /** RFC 3339. */
  startedAt: string;
}

/** `exit.json`: how it ended. */
export interface ExitRecord {
  exitCode: number;
  /** Number of the signal that ended it, or 0. */
  signal: number;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  /** Why the program could not be executed at all. */
  startError?: string;
  /** Nothing was ever run. */
  neverStarted?: boolean;
  /** It ran, and nobody is left who saw how it ended. */
  lost?: boolean;
}

/** Reads a JSON file; undefined when it is not there. */
export function readRecord<T>(folder: string, name: string): T | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}

/** Writes a JSON file that appears whole or not at all. */
export function writeRecord(folder: string, name: string, record: unknown): void {
  const temporary = join(folder, `.${name}`);
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, join(folder, name));
}

/** Start time of a process in clock ticks since boot, or undefined when there is none with this pid. */
export function startTicksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}
