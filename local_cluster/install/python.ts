/** Finds the machine's Python. */
import { runCommand } from './run-command.ts';
import type { StepResult } from './step-runner.ts';

/** Of Python 3. */
export const oldestMinor = 11;
const candidates = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];

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
