// Runs a program and keeps the time of its lines, seen from outside, so that no program's own clock is trusted.

import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** A process that ended well: wall time in seconds, and the accuracy in percent (NaN where it told none). */
export type Measured = { seconds: number; trainingSeconds: number; accuracy: number };

/**
 * Runs a program to its end. Gives its wall time, the time from its first to its last `Epoch` line, and its accuracy: the
 * one in its termination message if it leaves one, which is exact, or else the one that it printed.
 * Throws, with what it said on stderr, when it fails.
 */
export async function measure(
  program: string,
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<Measured> {
  const started = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  const epochTimes: number[] = [];
  let accuracy = Number.NaN;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('Epoch')) epochTimes.push(performance.now());
    const printed = /^Accuracy .*: ([\d.]+) %/.exec(line);
    if (printed) accuracy = Number(printed[1]);
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
  return { seconds, trainingSeconds, accuracy };
}
