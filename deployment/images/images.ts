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

/** Where kustomize finds which images are to run. */
export const kustomizationFile = path.join(projectFolder, 'manifests/components/images/kustomization.yaml');
