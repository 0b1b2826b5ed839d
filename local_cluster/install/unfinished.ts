/**
 * Names for what is being made, which tell who makes it. What a killed process has left is told apart from what a process
 * still works on, also where several machines or containers share a cache and cannot see each other's processes.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess } from '../supervisor/process-identity.ts';

/** A folder that a process elsewhere, which cannot be asked for, has not touched for so long is taken to be left behind. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
const mark = /\.making-(\w+)-(\d+)-(\d+)-\w+$/;

/** A path that nobody else uses, for making `target` beside it. */
export function nameUnfinished(target: string): string {
  const { pid } = process;
  const ticks = identifyProcess(pid)?.startTicks ?? 0;
  return `${target}.making-${placeOf()}-${pid}-${ticks}-${randomBytes(4).toString('hex')}`;
}

/** Removes from a folder what others have begun and will not finish; what cannot be removed stays, and is in nobody's way. */
export function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, place, pid, ticks] = mark.exec(name) ?? [];
    if (!place) continue;
    const file = path.join(folder, name);
    const isAtWork = place === placeOf() ? isRunning(Number(pid), Number(ticks)) : wasTouchedLately(file);
    if (isAtWork) continue;
    try {
      removeFolder(file);
    } catch {
      // Another user's, in a cache that several share.
    }
  }
}

/** Removes a folder, read-only ones in it included (Go's module cache is). One that somebody else removes meanwhile is fine. */
export function removeFolder(folder: string): void {
  if (!existsSync(folder)) return;
  try {
    makeWritable(folder);
  } catch {
    // It goes away right now, or cannot be changed, which its removal then says.
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Where process ids mean the same: this boot of this machine, in this container. */
function placeOf(): string {
  const boot = identifyProcess(process.pid)?.bootId.replaceAll('-', '').slice(0, 12) ?? 'unknown';
  return `${boot}${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''}`;
}

function isRunning(pid: number, ticks: number): boolean {
  return identifyProcess(pid)?.startTicks === ticks;
}

function wasTouchedLately(file: string): boolean {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return Date.now() - mtimeMs < abandonedAfterMs;
}

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(path.join(folder, entry.name));
  }
}
