/** Brings the rig's images to its registry. */
import { pushImage } from '../../deployment/images/push.ts';
import { localRepository } from '../../deployment/images/images.ts';
import type { Replacement } from '../../deployment/images/kustomization.ts';
import { bases } from './bases.ts';
import type { RigImages } from './prepare-images.ts';

/** The sidecars' image, as manifests name it. */
const sidecars = 'envoyproxy/envoy';

/**
 * Pushes them, the sidecars' among them; gives what takes the place of each name in manifests.
 * @param registry where it is reached, by HTTP without TLS
 */
export async function pushRigImages(
  { builder, built }: RigImages,
  registry: string,
): Promise<Record<string, Replacement>> {
  const wanted = [
    ...built.map(({ image, id }) => ({ name: localRepository(image), id, repository: `${registry}/${image.name}` })),
    { name: sidecars, id: bases.envoy, repository: `${registry}/${sidecars}` },
  ];
  const replacements: Record<string, Replacement> = {};
  for (const { name, id, repository } of wanted) {
    const digest = await pushImage(builder, id, `${repository}:latest`, { plainHttp: true });
    replacements[name] = { newName: repository, digest };
  }
  return replacements;
}
