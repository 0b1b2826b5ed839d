/** Runs the steps of a test command, and sums up what they found. */
import { spawn } from 'node:child_process';
import { projectFolder } from '../install/cache.ts';
import { formatSeconds } from '../install/screen.ts';
import { addCounts, type Counts, countStep, type TestStep } from './test-steps.ts';

/** A step that has run. */
export interface Finished {
  name: string;
  counts: Counts;
  ms: number;
}

/** Prints the summary, with what `.ci/run` adds up in its last line. Says whether nothing failed. */
export function summarize(finished: Finished[]): boolean {
  const total = addCounts(finished.map(({ counts }) => counts));
  console.log(`\n━━━ Summary\n${finished.map(describe).join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0;
}

/**
 * Runs steps one after the other.
 * @param showsAsItGoes otherwise what a step prints is shown when it is done
 */
export async function runInOrder(steps: TestStep[], showsAsItGoes: boolean): Promise<Finished[]> {
  const finished: Finished[] = [];
  for (const step of steps) {
    const startedAt = performance.now();
    const counts = countStep(step, await run(step, showsAsItGoes));
    finished.push({ name: step.name, counts, ms: performance.now() - startedAt });
  }
  return finished;
}

/** Runs a step and shows what it prints; gives its exit code, null if it was ended by a signal. */
async function run({ name, command, args, env: more }: TestStep, showsAsItGoes: boolean): Promise<number | null> {
  const color = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const env = { ...process.env, ...color, PYTHONDONTWRITEBYTECODE: '1', ...more };
  const child = spawn(command, args, { cwd: projectFolder, stdio: ['ignore', 'pipe', 'pipe'], env });
  const parts = [`\n━━━ ${name}\n`];
  const show = () => {
    for (const part of parts.splice(0)) process.stdout.write(part);
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      parts.push(part);
      if (showsAsItGoes) show();
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      parts.push(`${error.message}\n`);
      resolve(null);
    });
    child.on('close', resolve);
  });
  show();
  return exitCode;
}

function describe({ name, counts, ms }: Finished): string {
  const mark = counts.failed === 0 ? '✓' : '✗';
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  return `${mark} ${name.padEnd(13)} ${counts.passed} passed, ${counts.failed} failed${skipped} (${formatSeconds(ms)})`;
}
