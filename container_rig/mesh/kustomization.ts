/** Writes what a rig adds to its overlay: where the volume is, and which images its registry has. */
import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { type Replacement, setImages } from '../../deployment/images/kustomization.ts';
import { projectFolder } from '../../local_cluster/install/cache.ts';

/**
 * Writes the kustomization; gives its folder.
 * @param pipelineVolume the folder that is the pipeline's volume
 * @param images what takes the place of each image's name
 */
export function writeKustomization(
  stateFolder: string,
  pipelineVolume: string,
  images: Record<string, Replacement>,
): string {
  mkdirSync(path.join(stateFolder, 'kustomization'), { recursive: true });
  const folder = realpathSync(path.join(stateFolder, 'kustomization'));
  const component = path.join(folder, 'images');
  cpSync(path.join(projectFolder, 'manifests', 'components', 'images'), component, { recursive: true });
  setImages(path.join(component, 'kustomization.yaml'), images);
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'ml-pipeline-storage' },
    spec: { hostPath: { path: pipelineVolume } },
  };
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path.relative(folder, path.join(realpathSync(projectFolder), 'container_rig', 'overlay'))],
    components: ['images'],
    patches: [{ patch: stringify(volume) }],
  };
  writeFileSync(path.join(folder, 'kustomization.yaml'), stringify(kustomization));
  return folder;
}
