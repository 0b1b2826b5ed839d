/** The environments that jobs, tests and benchmarks run in. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep, requireRoom } from './cache.ts';
import type { Python } from './python.ts';
import { lockFiles } from './requirements.ts';
import type { StepContext, StepResult } from './step-runner.ts';
import { createEnvironment, installLocked, moveScripts, seePackagesOf } from './virtual-environment.ts';

const cpuIndex = 'https://download.pytorch.org/whl/cpu';
const probeMs = 3_000;

/** Makes the environment with PyTorch that jobs run in, or finds it. Gives the path of its Python. */
export async function installJobPackages(context: StepContext, python: Python): Promise<StepResult<string>> {
  let source = '';
  const { folder, fresh } = await keep(
    'python',
    hashEnvironment(python, [lockFiles.jobs, lockFiles.jobsCpu]),
    async (unfinished) => {
      if (await hasInstalledCpuBuild(context, python, unfinished)) {
        source = 'the CPU build of PyTorch';
        return;
      }
      source = 'PyTorch with its CUDA packages, because its CPU build is not available';
      requireRoom(9);
      const program = await createEnvironment(context, python, unfinished);
      await installLocked(context, program, [lockFiles.jobs]);
    },
    { signal: context.signal, onWait: () => context.say('another installation is making it; waiting') },
  );
  return { value: path.join(folder, 'bin', 'python'), done: fresh ? source : undefined };
}

/** False if its index is not reached, or has nothing for this Python that the lock file knows. */
async function hasInstalledCpuBuild(context: StepContext, python: Python, folder: string): Promise<boolean> {
  if (!(await isReachable(`${cpuIndex}/torch/`))) return false;
  requireRoom(3);
  try {
    const program = await createEnvironment(context, python, folder);
    await installLocked(context, program, [lockFiles.jobsCpu], ['--extra-index-url', cpuIndex]);
    return true;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return false;
  }
}

/** An environment of programs that the mesh itself does not need. */
export interface Tools {
  /** Its name in the cache. */
  name: string;
  /** Its lock file. */
  lock: string;
  /** More options for pip. */
  options?: string[];
  /** The Python of an environment whose packages it sees besides its own. */
  sees?: string;
}

/** Makes an environment of tools, or finds it. Gives the path of its Python; the tools are beside it. */
export async function installTools(
  context: StepContext,
  python: Python,
  { name, lock, options = [], sees }: Tools,
): Promise<StepResult<string>> {
  const { folder, fresh } = await keep(
    name,
    hashEnvironment(python, [lock], sees),
    async (unfinished, final) => {
      const program = await createEnvironment(context, python, unfinished);
      await installLocked(context, program, [lock], options);
      if (sees) seePackagesOf(program, sees);
      moveScripts(unfinished, final);
    },
    { signal: context.signal, onWait: () => context.say('another installation is making it; waiting') },
  );
  return { value: path.join(folder, 'bin', 'python'), done: fresh ? 'installed' : undefined };
}

function hashEnvironment(python: Python, locks: string[], ...more: (string | undefined)[]): string {
  const contents = [lockFiles.pip, ...locks].map((file) => ({ file, content: readFileSync(file) }));
  const texts = [python.program, python.version, process.arch, ...more.filter((text) => text !== undefined)];
  return hashInputs([...texts, ...contents]);
}

async function isReachable(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(probeMs) });
    return response.ok;
  } catch {
    return false;
  }
}
