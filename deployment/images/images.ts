/** The images that the mesh is made of: the one list of them. */
import path from 'node:path';
import { projectFolder } from '../../local_cluster/install/cache.ts';

/** How an image is built. */
export interface Image {
  name: string;
  /** The folder that the build sees, in the project's folder. */
  context: string;
  /** The Dockerfile, in the project's folder. */
  dockerfile: string;
  /** The stage of the Dockerfile, where it is not the last one. */
  target?: string;
}

export const images: Image[] = [
  { name: 'services', context: '.', dockerfile: 'Dockerfile', target: 'services' },
  { name: 'prediction-service', context: '.', dockerfile: 'Dockerfile', target: 'prediction-service' },
  { name: 'web-ui', context: '.', dockerfile: 'Dockerfile', target: 'web-ui' },
  { name: 'web-tier', context: 'web_tier', dockerfile: 'web_tier/Dockerfile.web-tier' },
  { name: 'model-config', context: 'model_config', dockerfile: 'model_config/Dockerfile' },
];

/** The name without a tag that manifests have for an image. */
export function localRepository({ name }: Image): string {
  return `localhost/ml-job-mesh/${name}`;
}

/** The tag that a built image has on this machine. */
export const localTag = 'local';

/**
 * The tag that an image has in a cluster that it is loaded into. Nodes keep what a tag once meant, and manifests that name
 * the same tag again change nothing; so each content has its own.
 * @param id the image's id, `sha256:…` or its digits alone
 * @throws Error if it is none
 */
export function contentTag(id: string): string {
  const [, digits] = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]*$/.exec(id) ?? [];
  if (digits === undefined) throw new Error(`"${id}" is not the id of an image`);
  return `${localTag}-${digits}`;
}

/** Where kustomize finds which images are to run. */
export const kustomizationFile = path.join(projectFolder, 'manifests/components/images/kustomization.yaml');
