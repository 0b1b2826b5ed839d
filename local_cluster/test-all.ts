/**
 * `npm test`: everything that is tested, with the number of tests in its last line. What needs a cluster mostly waits for
 * it, so the other steps run meanwhile; what they print is shown when each is done.
 *
 *     npm test                    all steps
 *     npm test -- unit pytest     these steps
 *     npm run test:faults         the faults that are injected into a running mesh
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from './install/cache.ts';
import { installShimTests, installSoftware, installTestTools } from './install/install.ts';
import { formatSeconds } from './install/screen.ts';
import { addCounts, type Counts, countStep, listTestSteps, type TestStep } from './testing/test-steps.ts';

interface Finished {
  name: string;
  counts: Counts;
  ms: number;
}

const reportFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-reports-'));
try {
  const finished = await runAll();
  const total = addCounts(finished.map(({ counts }) => counts));
  console.log(`\n━━━ Summary\n${finished.map(describe).join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
} catch (error) {
  console.error(`\nnpm test: ${(error as Error).message}\n`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(reportFolder, { recursive: true, force: true });
}

async function runAll(): Promise<Finished[]> {
  const options = { faults: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  console.log('━━━ install');
  const { python, networks } = await installSoftware();
  const programs = { python: await installTestTools(python), shimTests: await installShimTests(), networks };
  const steps = listTestSteps(programs, reportFolder, values.faults);
  const unknown = positionals.find((name) => !steps.some((step) => step.name === name));
  if (unknown) throw new Error(`there is no step ${unknown}; there are ${steps.map(({ name }) => name).join(', ')}`);
  const chosen = positionals.length > 0 ? steps.filter(({ name }) => positionals.includes(name)) : steps;
  const [onCluster, others] = [chosen.filter((step) => step.onCluster), chosen.filter((step) => !step.onCluster)];
  const showsAsItGoes = onCluster.length > 0 ? onCluster : others;
  const running = [others, onCluster].map((some) => runInOrder(some, some === showsAsItGoes));
  return (await Promise.all(running)).flat();
}

async function runInOrder(steps: TestStep[], showsAsItGoes: boolean): Promise<Finished[]> {
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
