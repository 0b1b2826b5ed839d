// Runs a program and keeps the time of its lines, seen from outside, so that no program's own clock is trusted.

import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** A process that ended well: its times in seconds, and the accuracy in percent; NaN for what it told nothing of. */
export interface Measured {
  /** From its start to its end. */
  seconds: number;
  /** From its first to its last `Epoch` line. */
  trainingSeconds: number;
  /** What it had of the CPU, in its own code and in the kernel. */
  cpuSeconds: number;
  accuracy: number;
}

/** Runs its arguments as a command; then the shell says what CPU time it and its children had, in a line each. */
const andTimes = '"$@"; code=$?; times; exit $code';

/**
 * Runs a program to its end. Its accuracy is the one in its termination message if it leaves one, which is exact, or
 * else the one that it printed. Throws, with what it said on stderr, when it fails.
 */
export async function measure(
  program: string,
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<Measured> {
  const started = performance.now();
  const child = spawn('sh', ['-c', andTimes, 'sh', program, ...args], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const epochTimes: number[] = [];
  let [accuracy, cpuSeconds] = [Number.NaN, Number.NaN];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('Epoch')) epochTimes.push(performance.now());
    const printed = /^Accuracy .*: ([\d.]+) %/.exec(line);
    if (printed) accuracy = Number(printed[1]);
    const times = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/.exec(line)?.slice(1).map(Number);
    if (times) cpuSeconds = times[0]! * 60 + times[1]! + times[2]! * 60 + times[3]!; // the last line: the children
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject).on('close', resolve);
  const code = await promise;
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${code}: ${complaint.trim()}`);

  if (settings.TERMINATION_MESSAGE_PATH) {
    accuracy = JSON.parse(await readFile(settings.TERMINATION_MESSAGE_PATH, 'utf8')).accuracy;
    await rm(settings.TERMINATION_MESSAGE_PATH);
  }
  const trainingSeconds = ((epochTimes.at(-1) ?? Number.NaN) - (epochTimes[0] ?? Number.NaN)) / 1000;
  return { seconds, trainingSeconds, cpuSeconds, accuracy };
}
