/** Builds images, brings them where they are wanted, and tells the manifests: only when all of that is done. */
import path from 'node:path';
import { withWorkFolder } from '../../local_cluster/install/cache.ts';
import { standardOutput } from '../../local_cluster/install/screen.ts';
import { createStepRunner, type StepContext } from '../../local_cluster/install/step-runner.ts';
import { type BuiltImage, buildImages } from './build.ts';
import { type Builder, findBuilder } from './builders.ts';
import { contentTag, type Image, images, localRepository, localTag } from './images.ts';
import { type Replacement, requireKustomization, setImages } from './kustomization.ts';
import { loadImage, requireLoader } from './load.ts';
import type { ImagesOptions } from './options.ts';
import { pushImage } from './push.ts';

/** Where built images go. */
interface Delivery {
  /** For the user, after an image's name. */
  title: string;
  /** Brings one there; gives how manifests are to name it. */
  deliver(image: BuiltImage, context: StepContext): Promise<Replacement>;
}

/**
 * Does what the options say; gives what there is now, for the user.
 * @throws Error that says what could not be built, pushed or loaded; the manifests name what they named before then
 */
export async function makeImages(options: ImagesOptions, cancel: AbortSignal): Promise<string> {
  if (options.push !== undefined || options.load) requireKustomization(options.kustomization);
  if (options.load) await requireLoader(options.load);
  const builder = await findBuilder(options.builder);
  const delivered = await withWorkFolder(async (workFolder) => {
    const delivery = chooseDelivery(options, builder, workFolder);
    const runner = createStepRunner(standardOutput(), cancel);
    const built = buildImages(runner, options.images, { builder, argsOf: (image) => chooseArgs(image, options) });
    const delivered = delivery
      ? built.map((one, index) =>
          // Not before all are built: an image that fails keeps the others where they are.
          runner.step(`${options.images[index]!.name} ${delivery.title}`, [one, ...built], async (context, image) => {
            const replacement = await delivery.deliver(image, context);
            return {
              value: [localRepository(image.image), replacement] as const,
              done: replacement.digest ?? 'loaded',
            };
          }),
        )
      : [];
    await runner.finish();
    return Promise.all(delivered);
  });
  if (delivered.length === 0) return describeBuilt(options, builder);
  setImages(options.kustomization, Object.fromEntries(delivered));
  return describeDelivered(options, delivered);
}

function chooseDelivery(options: ImagesOptions, builder: Builder, workFolder: string): Delivery | undefined {
  const { push, load, tag, plainHttp, cluster } = options;
  if (push !== undefined)
    return {
      title: `to ${push}`,
      async deliver({ image, id }, { say: onLine, signal }) {
        const newName = `${push}/${image.name}`;
        return { newName, digest: await pushImage(builder, id, `${newName}:${tag}`, { plainHttp, onLine, signal }) };
      },
    };
  if (load === undefined) return undefined;
  return {
    title: `into ${load}`,
    async deliver({ image, id }, { say: onLine, signal }) {
      const [newName, newTag] = [localRepository(image), contentTag(id)];
      await loadImage(builder, id, `${newName}:${newTag}`, { kind: load, cluster, workFolder, onLine, signal });
      return { newName, newTag };
    },
  };
}

/** The values of an image's ARGs. */
export function chooseArgs({ name }: Image, { torchIndex }: Pick<ImagesOptions, 'torchIndex'>): Record<string, string> {
  if (name !== 'model-config' || torchIndex === undefined) return {};
  const withCuda = { TORCH_INDEX: '', REQUIREMENTS: 'requirements.txt' };
  return torchIndex === 'pypi' ? withCuda : { TORCH_INDEX: torchIndex };
}

function describeBuilt({ images: chosen }: ImagesOptions, { tool }: Builder): string {
  const names = chosen.map((image) => `  ${localRepository(image)}:${localTag}`);
  return [
    `\nBuilt with ${tool}:`,
    ...names,
    'Bring them to a cluster with --push REGISTRY, or with --load kind or --load minikube.',
  ].join('\n');
}

function describeDelivered(
  { images: chosen, kustomization }: ImagesOptions,
  delivered: (readonly [name: string, replacement: Replacement])[],
): string {
  const names = delivered.map(
    ([, { newName, newTag, digest }]) => `  ${newName}${digest ? `@${digest}` : `:${newTag}`}`,
  );
  const others = images.length > chosen.length ? '; the images that you did not name are there as they were' : '';
  return [`\nIn ${path.relative('', kustomization)} now${others}:`, ...names].join('\n');
}
