/** Installs what a rig runs on, outside of it: there is no way to a network from within. */
import path from 'node:path';
import { hashInputs, keep, withWorkFolder } from '../../local_cluster/install/cache.ts';
import { type ContainerCluster, installContainerCluster } from '../../local_cluster/install/install.ts';
import { standardOutput } from '../../local_cluster/install/screen.ts';
import { createStepRunner } from '../../local_cluster/install/step-runner.ts';
import { pauseImage } from '../layout.ts';
import { writeScratchImages } from '../nodes/scratch-images.ts';
import { installDebianPackages } from './debian-packages.ts';

/** Paths of what was installed. */
export interface RigSoftware extends ContainerCluster {
  /** An archive of the images that nodes have before they can pull any. */
  images: string;
}

/** Installs it, and shows how it goes. */
export async function installRig(cancel?: AbortSignal): Promise<RigSoftware> {
  const runner = createStepRunner(standardOutput(), cancel);
  runner.step('Debian packages', [], installDebianPackages);
  await runner.finish();
  const programs = await installContainerCluster(cancel ? { cancel } : {});
  return { ...programs, images: await prepareImages(programs.nodePrograms) };
}

async function prepareImages(nodePrograms: string): Promise<string> {
  const folder = path.dirname(nodePrograms);
  const images = [
    { name: pauseImage, program: path.join(folder, 'pause') },
    { name: 'localhost/ml-job-mesh/coredns:rig', program: path.join(folder, 'coredns') },
    { name: 'localhost/ml-job-mesh/metrics-server:rig', program: path.join(folder, 'metrics-server') },
  ];
  const hash = hashInputs(['1', path.basename(folder), JSON.stringify(images.map(({ name }) => name))]);
  const kept = await keep('rig-images', hash, (unfinished) =>
    withWorkFolder((workFolder) => writeScratchImages(images, path.join(unfinished, 'images.tar'), workFolder)),
  );
  return path.join(kept.folder, 'images.tar');
}
