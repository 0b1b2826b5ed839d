// How much processor time processes have used, from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in ticks of 1/100 s, whatever its own clock (USER_HZ). */
const msPerTick = 10;

/** The processor time that these processes have used since their start, all threads, in milliseconds. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) * msPerTick, 0);
}

/** The memory that a process holds now (RSS), in bytes. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? Number.NaN) * 1_024;
}

/** The memory of processes, in bytes, where what several of them share counts once (PSS). */
export function proportionalBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return sum + Number(kibibytes ?? Number.NaN) * 1_024;
  }, 0);
}

/** A process and all that descend from it. */
export function withDescendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
  return [pid, ...children.flatMap(withDescendants)];
}

function ticksOf(pid: number): number {
  const [user, system] = fieldsOf(pid).slice(11, 13);
  return Number(user) + Number(system);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(fieldsOf(pid)[1]);
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** The fields of a process' stat line from its state on; the name before it may hold anything. */
function fieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
