/**
 * Which process a number meant. A process id is used again by the system, so a recorded one is only
 * trusted together with the boot and the moment at which the process started.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ifKnown, lookOr } from '../passing-fault.ts';

const pollMs = 20;

/** A process, told apart from any later one with the same id. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks between the machine's boot and the start of the process. */
  startTicks: number;
  bootId: string;
}

/**
 * Gives the identity of a process that runs now, undefined if there is none with this id (a zombie counts as none).
 * @throws Error when it cannot be told now, because this process has no file descriptors, say
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  return lookOr(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything, so fields are counted from its closing bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    if (state === 'X' || (state === 'Z' && isLastThread(pid))) return undefined;
    return { pid, startTicks: Number(fields[19]), bootId: readBootId() };
  }, undefined);
}

/**
 * Finds the processes that run now and were started with such arguments, the program itself being the first.
 * @throws Error as `identifyProcess` does
 */
export function findProcesses(matches: (argv: string[]) => boolean): (ProcessIdentity & { argv: string[] })[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const argv = readArguments(name);
      const identity = matches(argv) ? identifyProcess(Number(name)) : undefined;
      return identity ? [{ ...identity, argv }] : [];
    });
}

function readArguments(pid: string): string[] {
  return lookOr(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0'), []);
}

/** Says whether exactly this process still runs. @throws Error as `identifyProcess` does */
export function isRunning(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/**
 * Ends exactly this process: SIGTERM, then SIGKILL after `graceMs`. Returns when it is gone; one that
 * is gone already is fine.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const killAt = performance.now() + graceMs;
  let isAsked = false;
  while (mayRun(identity)) {
    if (performance.now() >= killAt) signalProcess(identity, 'SIGKILL');
    else if (!isAsked) isAsked = signalProcess(identity, 'SIGTERM');
    await sleep(pollMs);
  }
}

/** Ends exactly this process with SIGKILL. Returns when it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  while (mayRun(identity)) {
    signalProcess(identity, 'SIGKILL');
    await sleep(pollMs);
  }
}

/** True unless it is known that this process is gone. */
export function mayRun(identity: ProcessIdentity): boolean {
  return ifKnown(() => isRunning(identity), true);
}

/** Sends exactly this process a signal; one that is gone is fine. False when it cannot be told now whether it is the one. */
export function signalProcess(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  const isThere = ifKnown(() => isRunning(identity), undefined);
  if (isThere === undefined) return false;
  try {
    if (isThere) process.kill(identity.pid, name);
  } catch {
    // It ended between the two lines.
  }
  return true;
}

/** A killed process is a zombie as soon as its first thread is; the others may still hold its sockets. */
function isLastThread(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).length <= 1;
}

function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
