/**
 * `npm run test:conformance`: Kubernetes' own end-to-end specs of Jobs, unchanged, against an embedded cluster of their
 * own, or any other that has their images (`write-images.ts`).
 *
 *     npm run test:conformance                              all 27
 *     npm run test:conformance -- 'pod replacement policy'  those whose titles match
 *     npm run test:conformance -- --kubeconfig FILE         in another cluster
 *
 * The specs' images become programs of this machine: agnhost is built from Kubernetes' module and stands for pause too,
 * and busybox is the one on the PATH or, where there is none, bash with this machine's own commands.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedCluster } from '../embedded-cluster.ts';
import { installConformance } from '../install/install.ts';
import { describeSpecImages, findProgram } from './spec-images.ts';

const suite = String.raw`\[sig-apps\] Job`;
/** Specs that hold up others for long, or that need what a feature gate or a cloud gives. */
const skipped = 'Slow|Serial|Disruptive|Feature';

const { values, positionals } = parseArgs({ options: { kubeconfig: { type: 'string' } }, allowPositionals: true });
const [title] = positionals;
const stateFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-conformance-'));
try {
  process.exitCode = (await runSpecs(title ? `${suite}.*${title}` : suite)) ? 0 : 1;
} catch (error) {
  console.error(`npm run test:conformance: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(stateFolder, { recursive: true, force: true });
}

/** Runs the specs whose full titles match the expression, with their output shown; says whether all of them pass. */
async function runSpecs(focus: string): Promise<boolean> {
  const program = await installConformance();
  await using stack = new AsyncDisposableStack();
  const options = [
    `-kubeconfig=${values.kubeconfig ?? (await startCluster(program, stack))}`,
    '-provider=skeleton',
    `-ginkgo.focus=${focus}`,
    `-ginkgo.skip=${skipped}`,
    '-ginkgo.fail-on-empty',
    '-ginkgo.succinct',
    ...(process.stdout.isTTY ? [] : ['-ginkgo.no-color']),
  ];
  // An interrupt in the terminal reaches the specs too, which then say what they were at; the cluster ends after them.
  const child = spawn(program, options, { cwd: stateFolder, stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', pass);
  const [code] = await once(child, 'exit');
  return code === 0;
}

/** Starts a cluster for as long as the stack is not disposed of; gives its kubeconfig. */
async function startCluster(program: string, stack: AsyncDisposableStack): Promise<string> {
  const images = describeSpecImages(path.join(path.dirname(program), 'agnhost'), findProgram);
  const cluster = await startEmbeddedCluster({ stateFolder, images, log: console.log });
  stack.defer(() => cluster.stop());
  return cluster.kubeconfig;
}
