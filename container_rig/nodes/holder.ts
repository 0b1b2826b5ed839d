/** Finds the process that `unshare` has started in the namespaces that it made. */
import { readdirSync, readFileSync } from 'node:fs';

/** Gives the child of a process that runs a program of this name by now; undefined while there is none. */
export function findChild(parent: number, program: string): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => {
    const found = readStat(pid);
    return found?.parent === parent && found.program === program;
  });
}

/** Source: proc(5), /proc/PID/stat. */
function readStat(pid: number): { program: string; parent: number } | undefined {
  try {
    const [, program = '', parent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { program, parent: Number(parent) };
  } catch {
    return undefined; // It has ended.
  }
}
