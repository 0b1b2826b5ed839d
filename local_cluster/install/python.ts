/** Finds the machine's Python and makes the virtual environment that jobs and tests run in. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep, projectFolder, requireRoom } from './cache.ts';
import { runCommand } from './run-command.ts';
import type { StepContext, StepResult } from './step-runner.ts';

const oldestMinor = 11;
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const cpuIndex = 'https://download.pytorch.org/whl/cpu';
const probeMs = 3_000;

/** A Python of this machine. */
export interface Python {
  /** The path of its program. */
  program: string;
  version: string;
}

/**
 * Finds a Python that is new enough and can make virtual environments.
 * @throws Error that says which ones were found and how to get one
 */
export async function findPython(): Promise<StepResult<Python>> {
  const found: string[] = [];
  for (const name of candidates) {
    const python = await inspectPython(name);
    if (!python) continue;
    if (!python.isNewEnough) found.push(`${name} is ${python.version}`);
    else if (!python.hasVenv) found.push(`${name} (${python.version}) has no venv module`);
    else return { value: { program: python.program, version: python.version } };
  }
  throw new Error(
    `jobs need Python 3.${oldestMinor} or newer with its venv module; ${found.length > 0 ? found.join(', ') : 'there is none'}. ` +
      'Install one, for instance with `apt install python3 python3-venv`, `dnf install python3` or pyenv',
  );
}

async function inspectPython(name: string) {
  const script = [
    'import sys, importlib.util as u',
    'has_venv = u.find_spec("venv") is not None and u.find_spec("ensurepip") is not None',
    'print(sys.executable, *sys.version_info[:3], int(has_venv), sep="\\n")',
  ].join('; ');
  try {
    const answer = await runCommand(name, ['-c', script]);
    const [program = '', major, minor, patch, hasVenv] = answer.split('\n');
    const isNewEnough = Number(major) === 3 && Number(minor) >= oldestMinor;
    return { program, version: `${major}.${minor}.${patch}`, isNewEnough, hasVenv: hasVenv === '1' };
  } catch {
    return undefined; // Not there, or a wrapper for a version that is not there.
  }
}

/** Makes the environment with PyTorch and what the Python tests need, or finds it. Gives the path of its program. */
export async function installPythonPackages(context: StepContext, python: Python): Promise<StepResult<string>> {
  const files = ['requirements.txt', 'requirements-dev.txt'].map((name) =>
    path.join(projectFolder, 'model_config', name),
  );
  const contents = files.map((file) => ({ file, content: readFileSync(file) }));
  const hash = hashInputs([python.program, python.version, process.arch, ...contents]);
  let source = '';
  const { folder, fresh } = await keep(
    'python',
    hash,
    async (unfinished) => {
      const hasCpuIndex = await isReachable(`${cpuIndex}/torch/`);
      source = hasCpuIndex
        ? 'the CPU build of PyTorch'
        : 'PyTorch with its CUDA packages, as its CPU index is not reached';
      requireRoom(hasCpuIndex ? 3 : 9);
      const environment = await createEnvironment(context, python, unfinished);
      await installWithPip(context, environment, [
        ...(hasCpuIndex ? ['--extra-index-url', cpuIndex] : []),
        ...['-r', path.join(projectFolder, 'model_config', 'requirements-dev.txt')],
      ]);
    },
    () => context.say('another installation is making it; waiting'),
  );
  return { value: path.join(folder, 'bin', 'python'), done: fresh ? source : undefined };
}

/** Makes an empty virtual environment, with a pip that can tell how far it is. Gives the path of its Python. */
export async function createEnvironment(context: StepContext, python: Python, folder: string): Promise<string> {
  context.say('making a virtual environment');
  await runCommand(python.program, ['-m', 'venv', '--clear', folder], { signal: context.signal });
  const program = path.join(folder, 'bin', 'python');
  await runPip(context, program, ['install', '--quiet', 'pip>=24.1']);
  return program;
}

/** Installs with an environment's pip, telling which package it is at and how much of it has come. */
export async function installWithPip(context: StepContext, program: string, args: string[]): Promise<void> {
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
  await runPip(context, program, ['install', '--progress-bar', 'raw', ...args], onLine);
}

/** Runs pip by itself: a user's own settings for where to install would make it do something else. */
async function runPip(
  context: StepContext,
  program: string,
  args: string[],
  onLine?: (line: string) => void,
): Promise<void> {
  const temporary = path.join(path.dirname(program), '..', 'pip-tmp');
  mkdirSync(temporary, { recursive: true });
  const { PIP_USER, PIP_TARGET, PIP_PREFIX, PYTHONHOME, PYTHONPATH, ...environment } = process.env;
  await runCommand(program, ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args], {
    env: { ...environment, TMPDIR: temporary },
    onLine,
    signal: context.signal,
  });
}

async function isReachable(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(probeMs) });
    return response.ok;
  } catch {
    return false;
  }
}

function megabytes(bytes: string): string {
  return (Number(bytes) / 1e6).toFixed(Number(bytes) < 1e7 ? 1 : 0);
}
