/** Runs the steps of a test command, and sums up what they found. */
import { spawn } from 'node:child_process';
import { projectFolder } from '../install/cache.ts';
import { formatSeconds } from '../install/screen.ts';
import { addCounts, type Failure, type Report } from './test-reports.ts';
import { reportOf, type TestStep } from './test-steps.ts';

/** A step that has run. */
export interface Finished extends Report {
  name: string;
  ms: number;
  /** Tests that failed beside other steps, and passed when their files ran again. */
  unstable?: Failure[];
}

/** In more files than these, failures are not chance. */
const repeatableFiles = 3;

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
    const report = reportOf(step, await run(step, showsAsItGoes));
    finished.push({ name: step.name, ...report, ms: performance.now() - startedAt });
  }
  return finished;
}

/**
 * Runs the files in which few tests failed again, once and with nothing beside them: on two busy cores a test that waits
 * for a cluster may wait too long. What failed at first stays in the summary.
 */
export async function repeatFailed(steps: TestStep[], finished: Finished[]): Promise<Finished[]> {
  const repeated: Finished[] = [];
  for (const first of finished) {
    const files = [...new Set(first.failures.map(({ file }) => file))];
    const again = steps.find(({ name }) => name === first.name)?.only;
    const isWhole = first.counts.failed === first.failures.length && files.every((file) => file !== undefined);
    if (!again || !isWhole || files.length === 0 || files.length > repeatableFiles) repeated.push(first);
    else {
      const [second] = await runInOrder([{ ...again(files as string[]), name: `${first.name}, again` }], true);
      repeated.push(mergeRuns(first, second!));
    }
  }
  return repeated;
}

/** What a step found after the files in which tests failed ran again. A test that did not run again has failed. */
function mergeRuns(first: Finished, second: Finished): Finished {
  const key = ({ file, title }: Pick<Failure, 'file' | 'title'>) => `${file} ${title}`;
  const passedAgain = new Set(second.passed?.map(key));
  const failedAgain = new Set(second.failures.map(key));
  const unstable = first.failures.filter((failure) => passedAgain.has(key(failure)));
  const missing = first.failures.filter((failure) => !passedAgain.has(key(failure)) && !failedAgain.has(key(failure)));
  const failures = [...second.failures, ...missing];
  // A second run that failed as a whole names no test.
  const failed = Math.max(failures.length, second.counts.failed);
  const counts = { ...first.counts, passed: first.counts.passed + unstable.length, failed };
  return { name: first.name, ms: first.ms + second.ms, counts, failures, unstable };
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

function describe({ name, counts, ms, failures, unstable = [] }: Finished): string {
  const mark = counts.failed === 0 ? '✓' : '✗';
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const line = `${mark} ${name.padEnd(13)} ${counts.passed} passed, ${counts.failed} failed${skipped} (${formatSeconds(ms)})`;
  return [
    line,
    ...failures.map((failure) => `    failed: ${describeFailure(failure)}`),
    ...unstable.map((failure) => `    failed at first, passed when its file ran again: ${describeFailure(failure)}`),
  ].join('\n');
}

function describeFailure({ file, title, message }: Failure): string {
  return `${file ? `${file}: ` : ''}${title}${message ? `\n        ${message}` : ''}`;
}
