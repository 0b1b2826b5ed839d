/**
 * One long-lived process of the cluster: started, awaited until it is ready, started again with back-off when
 * it dies, and stopped. It runs in a session of its own, so that a Ctrl-C in the terminal reaches the
 * supervisor alone, which then stops things in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ifKnown } from '../passing-fault.ts';
import { lastLines, openFreshLog, rotateIfLarge } from './log-file.ts';
import { readRecords, recordProcess } from './process-records.ts';

const firstBackOffMs = 250;
const longestBackOffMs = 10_000;
const steadyAfterMs = 30_000;
const readinessPollMs = 100;
const logCheckMs = 60_000;

/** What to run and how to tell that it works. */
export interface ProcessPlan {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  logFile: string;
  stateFolder: string;
  /** Asked again and again until it says true; an error counts as "not yet". */
  isReady: () => Promise<boolean>;
  /** How long the first start may take to be ready. */
  readyWithinMs: number;
  /** Ends the first start when it is aborted before that is ready; later it has no effect. */
  cancel?: AbortSignal;
  /** Between SIGTERM and SIGKILL when it is stopped. */
  stopGraceMs: number;
  /** Its `oom_score_adj`; a negative one spares it when memory runs out, where the system lets us say so. */
  oomScoreAdj?: number;
  /** Told of every unexpected end and of every new start after one. */
  onEvent: (line: string) => void;
  /** Called when it is ready again after an unexpected end. */
  onReturn?: () => void;
}

/** A process under supervision. */
export interface SupervisedProcess {
  readonly name: string;
  /** The present process's id; undefined between a death and the next start. */
  pid(): number | undefined;
  /** Ends it and leaves it ended. Never throws; stopping twice is fine. */
  stop(): Promise<void>;
  /** Ends it; it is started again at once. Never throws. */
  restart(): Promise<void>;
}

/** How to kill each process that is under this process's supervision. */
const kills = new Set<() => Promise<void>>();
let isOver = false;

/**
 * Kills all that this process supervises, on record or not. From then on nothing is started any more, neither again nor
 * for the first time: a start that is under way does not stop for that.
 */
export async function killSupervised(): Promise<void> {
  isOver = true;
  await Promise.all([...kills].map((kill) => kill()));
}

/**
 * Starts a process and returns once it is ready. From then on it is started again whenever it ends by itself.
 * @throws Error with the last lines of its log, if it ends or is not ready in time at this first start; the reason of
 *   `cancel` once that is aborted
 */
export async function startSupervised(plan: ProcessPlan): Promise<SupervisedProcess> {
  if (isOver) throw new Error(`${plan.name} is not started: everything is being killed`);
  plan.cancel?.throwIfAborted();
  let child = launch(plan);
  let stopping = false;
  let restarting = false;
  let backOffMs = firstBackOffMs;
  const wakeUp = new AbortController();
  const logCheck = setInterval(() => {
    rotateIfLarge(plan.logFile);
    // It may have been impossible when the process started.
    if (!stopping && !hasEnded(child) && !isRecorded(plan, child)) record(plan, child.pid);
  }, logCheckMs).unref();

  const stopWatching = () => {
    stopping = true;
    clearInterval(logCheck);
    wakeUp.abort();
  };
  const kill = async () => {
    stopWatching();
    await end(child, 0);
  };
  kills.add(kill);
  const stop = async () => {
    stopWatching();
    await end(child, plan.stopGraceMs);
    kills.delete(kill);
    record(plan, undefined);
  };

  try {
    await awaitReady(plan, child, plan.cancel);
  } catch (error) {
    await stop();
    throw error;
  }
  watchOver();
  return {
    name: plan.name,
    pid: () => (hasEnded(child) ? undefined : child.pid),
    stop,
    async restart() {
      if (stopping || restarting || hasEnded(child)) return;
      restarting = true;
      await end(child, plan.stopGraceMs);
    },
  };

  async function backOff(startedAt: number, how: string): Promise<void> {
    if (performance.now() - startedAt > steadyAfterMs) backOffMs = firstBackOffMs;
    plan.onEvent(`${plan.name} ended (${how}); starting it again in ${backOffMs / 1000} s`);
    await sleep(backOffMs, undefined, { signal: wakeUp.signal }).catch(() => undefined);
    backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
  }

  function watchOver(): void {
    const startedAt = performance.now();
    whenEnded(child).then(async (how) => {
      if (stopping) return;
      const wasRestarted = restarting;
      restarting = false;
      if (!wasRestarted) await backOff(startedAt, how);
      if (stopping) return;
      child = launch(plan);
      watchOver();
      await awaitReady(plan, child).then(
        () => {
          plan.onEvent(`${plan.name} runs again (pid ${child.pid})`);
          if (!wasRestarted) plan.onReturn?.();
        },
        () => undefined, // Its end is seen by the watch; a slow one is left the time that it needs.
      );
    });
  }
}

function launch(plan: ProcessPlan): ChildProcess {
  const log = openLog(plan);
  const child = spawn(plan.command, plan.args, {
    env: plan.env ?? process.env,
    stdio: ['ignore', log ?? 'ignore', log ?? 'ignore'],
    detached: true,
  });
  if (log !== undefined) closeSync(log);
  child.on('error', () => undefined); // A command that cannot be run shows as an end without a pid.
  if (plan.oomScoreAdj !== undefined && child.pid !== undefined) adjustOomScore(child.pid, plan.oomScoreAdj);
  record(plan, child.pid);
  return child;
}

function adjustOomScore(pid: number, score: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
  } catch {
    // Only the privileged may lower it; jobs have theirs raised in any case.
  }
}

/** A process without a log is better than none: the disk may be full. */
function openLog(plan: ProcessPlan): number | undefined {
  try {
    return openFreshLog(plan.logFile);
  } catch (error) {
    plan.onEvent(`${plan.name} has no log: ${(error as Error).message}`);
    return undefined;
  }
}

/** What cannot be noted, on a full disk, must keep nothing from being started or stopped. */
function record(plan: ProcessPlan, pid: number | undefined): void {
  try {
    recordProcess(plan.stateFolder, plan.name, pid);
  } catch (error) {
    plan.onEvent(`${plan.name} cannot be noted in ${plan.stateFolder}: ${(error as Error).message}`);
  }
}

function isRecorded({ stateFolder, name }: ProcessPlan, child: ChildProcess): boolean {
  return ifKnown(() => readRecords(stateFolder)[name]?.pid === child.pid, true);
}

async function awaitReady(plan: ProcessPlan, child: ChildProcess, cancel?: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + plan.readyWithinMs;
  while (!hasEnded(child)) {
    cancel?.throwIfAborted();
    if (await plan.isReady().catch(() => false)) return;
    if (performance.now() > giveUpAt) throw startError(plan, `is not ready after ${plan.readyWithinMs / 1000} s`);
    await sleep(readinessPollMs);
  }
  throw startError(plan, `ended while starting (${describeEnd(child)})`);
}

function startError(plan: ProcessPlan, what: string): Error {
  return new Error(`${plan.name} ${what}; the end of ${plan.logFile}:\n${lastLines(plan.logFile, 8)}`);
}

/** SIGTERM, and SIGKILL after so long, or at once; returns when it is gone. */
async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const gone = whenEnded(child);
  child.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function whenEnded(child: ChildProcess): Promise<string> {
  if (hasEnded(child)) return Promise.resolve(describeEnd(child));
  return new Promise((resolve) => child.once('exit', () => resolve(describeEnd(child))));
}

function describeEnd(child: ChildProcess): string {
  if (child.pid === undefined) return 'its program cannot be run';
  return child.signalCode ?? `exit code ${child.exitCode}`;
}
