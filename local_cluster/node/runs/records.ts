// What the shim writes into a container's folder, and what the agent writes there for it. The Go side of these
// shapes is ../shim/records.go.
import { identifyProcess } from '../../supervisor/process-identity.ts';
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
  /** The file that the container sees as /etc/hosts; empty where it sees the machine's. */
  hosts: string;
  /** Left as it is where this is not set, or where the system does not let it be lowered. */
  oomScoreAdj?: number | undefined;
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

/** Start time of a process in clock ticks since boot, or undefined when none with this pid runs; a zombie does not. */
export function startTicksOf(pid: number): number | undefined {
  return identifyProcess(pid)?.startTicks;
}
