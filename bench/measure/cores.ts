// Who runs on which core: what is measured has one for itself, and whoever measures has the others.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ProcessPlan } from '../setup/background-process.ts';

/** The cores that a process may run on, from its `/proc/PID/status`. */
export function readCores(status: string): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/**
 * Takes one core away from this process, all its threads, and from what it starts from now on.
 * @returns that core
 * @throws Error where there are fewer than two, or no `taskset`
 */
export async function setCoreAside(): Promise<number> {
  const [aside, ...others] = readCores(readFileSync('/proc/self/status', 'utf8'));
  if (aside === undefined || others.length === 0)
    throw new Error('two cores are needed: one for what is measured, one for whoever asks it');
  try {
    await promisify(execFile)('taskset', ['--all-tasks', '--pid', '--cpu-list', others.join(','), String(process.pid)]);
  } catch (error) {
    throw new Error('`taskset` (of util-linux) is needed to give each service one core', { cause: error });
  }
  return aside;
}

/** The same process on one core, with all that it starts. */
export function onCore(core: number, plan: ProcessPlan): ProcessPlan {
  return { ...plan, command: 'taskset', args: ['--cpu-list', String(core), plan.command, ...plan.args] };
}
