/** Virtual environments of Python, in which nothing is installed that a lock file does not name, hash included. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Python } from './python.ts';
import { lockFiles } from './requirements.ts';
import { runCommand } from './run-command.ts';
import type { StepContext } from './step-runner.ts';

/** Makes an empty virtual environment, with a pip that can tell how far it is. Gives the path of its Python. */
export async function createEnvironment(context: StepContext, python: Python, folder: string): Promise<string> {
  context.say('making a virtual environment');
  await runCommand(python.program, ['-m', 'venv', '--clear', folder], { signal: context.signal });
  const program = path.join(folder, 'bin', 'python');
  await installRequirements(context, program, [lockFiles.pip], ['--quiet']);
  return program;
}

/**
 * Installs what lock files name with an environment's pip, telling which package it is at and how much of it has come.
 * @param options more of pip's own options
 * @throws CommandError also if a file's hash is not one of those in the lock
 */
export async function installLocked(
  context: StepContext,
  program: string,
  locks: string[],
  options: string[] = [],
): Promise<void> {
  let packages = 0;
  let now = '';
  const onLine = (line: string) => {
    const [, name] = /^\s*(?:Downloading|Using cached) (\S+?)-\d\S*/.exec(line) ?? [];
    const [, bytes, total] = /^Progress (\d+) of (\d+)/.exec(line) ?? [];
    if (name) {
      packages++;
      now = name.split('/').at(-1) ?? name;
      context.say(`package ${packages}, ${now}`);
    } else if (bytes && total) {
      context.say(`package ${packages}, ${now}: ${megabytes(bytes)} of ${megabytes(total)} MB`);
    } else if (line.startsWith('Installing collected packages')) {
      context.say(`unpacking ${line.split(',').length} packages`);
    }
  };
  await installRequirements(context, program, locks, ['--progress-bar', 'raw', ...options], onLine);
}

/** Lets an environment see the packages of another one, after its own. */
export function seePackagesOf(program: string, other: string): void {
  writeFileSync(path.join(packagesFolder(program), 'other-environment.pth'), `${packagesFolder(other)}\n`);
}

/** Has an environment's programs name its Python where it is going to be, for one that is moved once it is complete. */
export function moveScripts(from: string, to: string): void {
  const folder = path.join(from, 'bin');
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (!entry.isFile()) continue;
    const content = readFileSync(file);
    if (content.subarray(0, 2).toString() !== '#!') continue;
    writeFileSync(file, content.toString().replaceAll(`${from}${path.sep}`, `${to}${path.sep}`));
  }
}

/**
 * Installs what lock files name with an environment's pip, and nothing from elsewhere.
 * @throws CommandError also if a file's hash is not one of those in the lock
 */
export function installRequirements(
  context: StepContext,
  program: string,
  locks: string[],
  options: string[],
  onLine?: (line: string) => void,
): Promise<void> {
  return runPipInstall(context, program, locks, options, path.join(path.dirname(program), '..', 'pip-tmp'), onLine);
}

/**
 * Puts the packages that a lock file names, and not what they depend on, into a folder. The environment whose pip it is
 * stays as it is.
 * @throws CommandError also if a file's hash is not one of those in the lock
 */
export function installInto(context: StepContext, program: string, lock: string, folder: string): Promise<void> {
  const options = ['--quiet', '--no-deps', '--no-compile', '--target', folder];
  return runPipInstall(context, program, [lock], options, `${folder}-tmp`);
}

/**
 * Runs `pip install` on lock files, with nothing of the user's own settings for where to install. Wheels alone: a source
 * package would run its author's program here in order to be built.
 */
async function runPipInstall(
  context: StepContext,
  program: string,
  locks: string[],
  options: string[],
  temporary: string,
  onLine?: (line: string) => void,
): Promise<void> {
  mkdirSync(temporary, { recursive: true });
  const { PIP_USER, PIP_TARGET, PIP_PREFIX, PYTHONHOME, PYTHONPATH, ...environment } = process.env;
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', 'install'];
  const policy = ['--require-hashes', '--only-binary=:all:'];
  const requirements = locks.flatMap((lock) => ['--requirement', lock]);
  try {
    await runCommand(program, [...pip, ...policy, ...options, ...requirements], {
      env: { ...environment, TMPDIR: temporary },
      onLine,
      signal: context.signal,
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function packagesFolder(program: string): string {
  const library = path.join(path.dirname(program), '..', 'lib');
  const version = readdirSync(library).find((name) => name.startsWith('python'));
  return path.join(library, version ?? 'python3', 'site-packages');
}

function megabytes(bytes: string): string {
  return (Number(bytes) / 1e6).toFixed(Number(bytes) < 1e7 ? 1 : 0);
}
