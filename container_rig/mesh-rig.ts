/** A rig with the mesh deployed in it, for as long as something is done there. */
import { formatSeconds } from '../local_cluster/install/screen.ts';
import { buildRigImages } from './images/rig-images.ts';
import { installRig } from './install/install.ts';
import { deployMesh } from './mesh/deploy-mesh.ts';
import { type Rig, startRig } from './rig.ts';
import { defaultStateFolder, type MeshRecord } from './state.ts';
import { waitForWork } from './work.ts';

/** What is there meanwhile. */
export type MeshRig = Rig & MeshRecord & { stateFolder: string };

/**
 * Installs, builds, starts and deploys, shows how it goes, does the work, and removes the rig, whatever comes of it. When
 * it is cancelled meanwhile, it returns as soon as the rig is removed.
 * @param cancel aborted when the user wants it to stop
 * @param log told in one line each what happens
 * @throws Error when any of that fails, also when something of the rig is left
 */
export async function withMeshRig(
  cancel: AbortSignal,
  log: (line: string) => void,
  work: (rig: MeshRig) => Promise<void>,
): Promise<void> {
  const stateFolder = defaultStateFolder;
  const software = await installRig(cancel);
  const images = await buildRigImages(cancel);
  const startedAt = performance.now();
  const took = () => formatSeconds(performance.now() - startedAt);
  const rig = await startRig({ stateFolder, software, log, cancel });
  try {
    log(`the rig's cluster is ready after ${took()}`);
    const mesh = await deployMesh(rig, stateFolder, images, cancel);
    log(`the mesh is ready after ${took()}, at ${mesh.front}`);
    await waitForWork(work({ ...rig, ...mesh, stateFolder }), rig.ended, cancel);
  } finally {
    await rig.stop();
    log('the rig is removed; nothing of it is left');
  }
}
