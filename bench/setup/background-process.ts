// A process that a benchmark needs beside it: a service, a proxy, a load generator.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessPlan {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Where its output goes, as `NAME.log`. */
  folder: string;
  /** Answers 200 once it is ready. */
  readyUrl?: string;
  readyWithinMs?: number;
}

export interface BackgroundProcess {
  name: string;
  pid: number;
  stop(): Promise<void>;
}

const killAfterMs = 5_000;

/**
 * Starts a process, has it ended with the stack, and returns once it is ready.
 * @throws Error with the end of its output when it ends or is not ready in time
 */
export async function startProcess(stack: AsyncDisposableStack, plan: ProcessPlan): Promise<BackgroundProcess> {
  const { name, command, args, folder, readyUrl, readyWithinMs = 30_000 } = plan;
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  // In a session of its own, so that a Ctrl-C reaches the benchmark alone, which then ends everything in order.
  const child = spawn(command, args, {
    env: { ...process.env, ...plan.env },
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const hasEnded = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (hasEnded()) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(timer);
  };
  stack.defer(stop);
  if (child.pid === undefined) await ended;

  const giveUpAt = performance.now() + readyWithinMs;
  while (readyUrl && !(await answersOk(readyUrl))) {
    if (hasEnded() || performance.now() > giveUpAt) throw new Error(`${name} did not start: ${endOf(logFile)}`);
    await sleep(50);
  }
  if (hasEnded()) throw new Error(`${name} did not start (${command}): ${endOf(logFile)}`);
  return { name, pid: child.pid!, stop };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n') || 'it said nothing';
}
