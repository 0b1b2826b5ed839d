/** Builds the mesh's images for the rig, as anyone would with `npm run images`, on stand-ins for the official base images. */
import path from 'node:path';
import { type BuiltImage, buildImages } from '../../deployment/images/build.ts';
import type { Builder } from '../../deployment/images/builders.ts';
import { images } from '../../deployment/images/images.ts';
import { withWorkFolder } from '../../local_cluster/install/cache.ts';
import { standardOutput } from '../../local_cluster/install/screen.ts';
import { createStepRunner, type StepRunner } from '../../local_cluster/install/step-runner.ts';
import { bases, prepareBase, prepareDebian } from './bases.ts';
import { mountRegistrySettings } from './registry-settings.ts';
import { requirementsName, stageProject } from './staging.ts';
import { rigBuilder } from './storage.ts';

/** Built images, in the rig's storage. */
export interface RigImages {
  builder: Builder;
  built: BuiltImage[];
}

/** Values for the jobs' Dockerfile: PyTorch is in the base, and the index that pip asks besides PyPI is PyPI. */
const modelConfigArgs = { REQUIREMENTS: requirementsName, TORCH_INDEX: 'https://pypi.org/simple' };

/**
 * Builds what has changed, and shows how it goes. It needs the network.
 * @param envoy Envoy's binary
 */
export async function prepareRigImages(envoy: string, cancel?: AbortSignal): Promise<RigImages> {
  return withWorkFolder(async (workFolder) => {
    const project = path.join(workFolder, 'project');
    stageProject(project);
    const builder = rigBuilder(mountRegistrySettings(path.join(workFolder, 'settings')));
    const runner = createStepRunner(standardOutput(), cancel);
    const ready = prepareBases(runner, builder, envoy);
    const built = buildImages(runner, images, {
      builder,
      folder: project,
      argsOf: ({ name }) => (name === 'model-config' ? modelConfigArgs : {}),
      after: ({ name }) => (name === 'model-config' ? ready.python : name === 'web-tier' ? ready.envoy : ready.node),
    });
    await runner.finish();
    return { builder: rigBuilder(), built: await Promise.all(built) };
  });
}

function prepareBases(runner: StepRunner, builder: Builder, envoy: string) {
  const begun = runner.step('Debian, as a base', [], async (context) =>
    finished(await prepareDebian(context, builder)),
  );
  const add = (name: keyof typeof bases) =>
    runner.step(`${bases[name]}, a stand-in`, [begun], async (context) =>
      finished(await prepareBase(context, builder, name, envoy)),
    );
  return { python: add('python'), node: add('node'), envoy: add('envoy') };
}

function finished(isNew: boolean) {
  return { value: undefined, ...(isNew && { done: 'made' }) };
}
