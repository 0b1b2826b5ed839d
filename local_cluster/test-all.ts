/**
 * `npm test`: everything that is tested, with the number of tests in its last line. What needs the tests' cluster or mesh
 * mostly waits for it, so the other steps run meanwhile; what they print is shown when each is done.
 *
 *     npm test                    all steps
 *     npm test -- unit pytest     these steps
 *     npm run test:faults         the faults that are injected into a running mesh
 *     npm run test:faults -- --thorough    with far more made-up requests, for which CI has no time
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installManifestLinter, installShimTests, installSoftware, installTestTools } from './install/install.ts';
import { type Finished, repeatFailed, runInOrder, summarize } from './testing/run-steps.ts';
import { listTestSteps, thoroughTests } from './testing/test-steps.ts';

const reportFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-reports-'));
try {
  const finished = await runAll();
  process.exitCode = summarize(finished) ? 0 : 1;
} catch (error) {
  console.error(`\nnpm test: ${(error as Error).message}\n`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(reportFolder, { recursive: true, force: true });
}

async function runAll(): Promise<Finished[]> {
  const options = {
    faults: { type: 'boolean', default: false },
    thorough: { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.thorough) process.env[thoroughTests] = '1';
  console.log('━━━ install');
  const { python, networks } = await installSoftware();
  const programs = { python: await installTestTools(python), shimTests: await installShimTests(), networks };
  if (!values.faults) await installManifestLinter();
  const steps = listTestSteps(programs, reportFolder, values.faults);
  const unknown = positionals.find((name) => !steps.some((step) => step.name === name));
  if (unknown) throw new Error(`there is no step ${unknown}; there are ${steps.map(({ name }) => name).join(', ')}`);
  const chosen = positionals.length > 0 ? steps.filter(({ name }) => positionals.includes(name)) : steps;
  const [onCluster, others] = [chosen.filter((step) => step.onCluster), chosen.filter((step) => !step.onCluster)];
  const showsAsItGoes = onCluster.length > 0 ? onCluster : others;
  const running = [others, onCluster].map((some) => runInOrder(some, some === showsAsItGoes));
  return repeatFailed(chosen, (await Promise.all(running)).flat());
}
