// What the processes of this machine have used, from /proc: a container here is a shim and everything that it started.
import { readdirSync, readFileSync } from 'node:fs';
import { lookOr } from '../../passing-fault.ts';

/** What a process and its descendants have used. */
export interface Usage {
  cpuSeconds: number;
  /** Resident memory; pages that several processes share count for each. */
  memoryBytes: number;
}

interface ProcessStat {
  parent: number;
  /** Clock ticks of its own, and of children that have ended and were waited for. */
  ticks: number;
  endedChildrenTicks: number;
  residentPages: number;
}

/** Linux reports times in units of 1/100 s to user space on every architecture (USER_HZ). */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** A look at all processes at once. */
export function readProcessTable(procFolder = '/proc') {
  const stats = new Map<number, ProcessStat>();
  for (const entry of readdirSync(procFolder)) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(`${procFolder}/${entry}/stat`);
    if (stat) stats.set(Number(entry), stat);
  }
  const children = Map.groupBy(stats.keys(), (pid) => stats.get(pid)!.parent);

  function usageOf(pid: number): Usage {
    const stat = stats.get(pid);
    if (!stat) return { cpuSeconds: 0, memoryBytes: 0 };
    const own = {
      cpuSeconds: (stat.ticks + stat.endedChildrenTicks) / ticksPerSecond,
      memoryBytes: stat.residentPages * pageBytes,
    };
    return addUsage([own, ...(children.get(pid) ?? []).map(usageOf)]);
  }

  return {
    /** What everything that a shim carries has used, the shim itself left out. */
    usageBelow(shimPid: number): Usage {
      const ended = (stats.get(shimPid)?.endedChildrenTicks ?? 0) / ticksPerSecond;
      return addUsage([{ cpuSeconds: ended, memoryBytes: 0 }, ...(children.get(shimPid) ?? []).map(usageOf)]);
    },
    /** What a process and all that it started have used. */
    usageOf,
  };
}

export function addUsage(usages: Usage[]): Usage {
  return {
    cpuSeconds: usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    memoryBytes: usages.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}

/** Fields of proc(5), /proc/PID/stat, counted from the third; the second is in parentheses and may hold anything. */
function readStat(file: string): ProcessStat | undefined {
  // One that cannot be read has ended meanwhile.
  return lookOr(() => {
    const content = readFileSync(file, 'latin1');
    const fields = content
      .slice(content.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime, stime, cutime, cstime] = fields.slice(11, 15) as [number, number, number, number];
    return {
      parent: fields[1]!,
      ticks: utime + stime,
      endedChildrenTicks: cutime + cstime,
      residentPages: fields[21]!,
    };
  }, undefined);
}
