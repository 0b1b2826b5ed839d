/** Builds images, and says which image came of each. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../local_cluster/install/cache.ts';
import type { StepContext, StepRunner } from '../../local_cluster/install/step-runner.ts';
import { type Builder, buildCommand, runBuilder } from './builders.ts';
import { type Image, localRepository, localTag } from './images.ts';

/** An image that was built. */
export interface BuiltImage {
  image: Image;
  /** Names it on this machine, whatever its tag may mean later. */
  id: string;
}

/** How to build. */
export interface BuildOptions {
  builder: Builder;
  /** Where the images' folders are; the project's own folder if it is not given. */
  folder?: string;
  /** Values for the ARGs of an image's Dockerfile. */
  argsOf?: (image: Image) => Record<string, string>;
  /** What an image's build has to wait for. */
  after?: (image: Image) => Promise<unknown>;
}

/**
 * Adds a step for each image. Those that share a Dockerfile are built one after the other, so that what their stages
 * have in common is done once; different ones are built side by side.
 */
export function buildImages(runner: StepRunner, images: Image[], options: BuildOptions): Promise<BuiltImage>[] {
  const latest = new Map<string, Promise<BuiltImage>>();
  return images.map((image) => {
    const before = [latest.get(image.dockerfile), options.after?.(image)].filter((one) => one !== undefined);
    const built = runner.step(image.name, before, async (context) => {
      const id = await build(context, image, options);
      return { value: { image, id }, done: 'built' };
    });
    latest.set(image.dockerfile, built);
    return built;
  });
}

async function build({ say, signal }: StepContext, image: Image, options: BuildOptions): Promise<string> {
  const { builder, folder = projectFolder, argsOf = () => ({}) } = options;
  const workFolder = mkdtempSync(path.join(os.tmpdir(), 'ml-job-mesh-build-'));
  const idFile = path.join(workFolder, 'id');
  try {
    const args = buildCommand(builder, {
      dockerfile: path.join(folder, image.dockerfile),
      context: path.join(folder, image.context),
      target: image.target,
      tag: `${localRepository(image)}:${localTag}`,
      args: argsOf(image),
      idFile,
    });
    await runBuilder(builder, args, { onLine: say, signal });
    return readFileSync(idFile, 'utf8').trim();
  } finally {
    rmSync(workFolder, { recursive: true });
  }
}
