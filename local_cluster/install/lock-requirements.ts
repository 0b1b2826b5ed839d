/**
 * `npm run lock`: writes every requirements.txt from the requirements.in beside it: each package that is installed, with its
 * version and the hashes of its files, for all platforms and every Python that is new enough. Versions that a lock has
 * already stay; `npm run lock -- --upgrade` takes the newest that the .in file allows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from './cache.ts';
import { findPython, oldestMinor } from './python.ts';
import { lockFiles } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { createEnvironment, installLocked } from './virtual-environment.ts';

/** In this order: later ones keep to the versions of earlier ones. */
const sources = [
  ...['pip', 'uv', 'envoy', 'go', 'schemathesis'].map((name) => `local_cluster/install/requirements/${name}.in`),
  'model_config/requirements.in',
  'model_config/requirements-cpu.in',
  'model_config/photo_network/requirements.in',
  'local_cluster/install/requirements/test-tools.in',
  'bench/job/requirements.in',
  'bench/flask/requirements.in',
  'bench/predict/requirements.in',
  'load-testing/requirements.in',
];
/** Installed beside the packages of jobs, which bring what is needed of what these depend on. */
const withoutDependencies = ['bench/job/requirements.in', 'photo_network/requirements.in'];

const workFolder = mkdtempSync(path.join(tmpdir(), 'ml-job-mesh-lock-'));
try {
  const context = { say: () => undefined, signal: new AbortController().signal };
  const { value: python } = await findPython();
  const program = await createEnvironment(context, python, path.join(workFolder, 'environment'));
  await installLocked(context, program, [lockFiles.uv]);
  for (const source of sources) {
    await lock(path.join(path.dirname(program), 'uv'), path.join(projectFolder, source));
    console.log(source.replace(/\.in$/, '.txt'));
  }
} catch (error) {
  console.error(`npm run lock: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(workFolder, { recursive: true, force: true });
}

async function lock(uv: string, source: string): Promise<void> {
  const lines = readFileSync(source, 'utf8').split('\n');
  const alreadyHashed = lines.filter((line) => line.includes('--hash='));
  // uv finds constraints beside the file that names them.
  const input = `${source.slice(0, -'.in'.length)}.unlocked.in`;
  const target = source.replace(/\.in$/, '.txt');
  writeFileSync(input, lines.filter((line) => !line.includes('--hash=')).join('\n'));
  try {
    const withDependencies = withoutDependencies.some((name) => source.endsWith(name)) ? ['--no-deps'] : [];
    const options = ['--universal', '--python-version', `3.${oldestMinor}`, '--generate-hashes', '--no-annotate'];
    const upgrade = process.argv.includes('--upgrade') ? ['--upgrade'] : [];
    const quiet = ['--quiet', '--no-header', '--no-config', '--no-build', ...upgrade];
    await runCommand(uv, ['pip', 'compile', ...options, ...withDependencies, ...quiet, '-o', target, input]);
    const header = `# Written by \`npm run lock\` from ${path.basename(source)}: change that file, not this one.\n`;
    const kept = alreadyHashed.map((line) => `${line.replaceAll(' --hash', ' \\\n    --hash')}\n`).join('');
    writeFileSync(target, header + kept + readFileSync(target, 'utf8'));
  } finally {
    rmSync(input, { force: true });
  }
}
