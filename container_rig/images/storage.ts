/** Buildah with a storage of the rig's own: nothing of it is in the machine's, and no mount outlasts a command. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, hashInputs, markUsed } from '../../local_cluster/install/cache.ts';
import type { Builder } from '../../deployment/images/builders.ts';

/** Change it when storages of an earlier version cannot be used any more. */
const version = '1';

/** Where images and the stages that they were built from are kept, for the next build. */
export function storageFolder(): string {
  const folder = path.join(cacheFolder(), `rig-storage-${hashInputs([version])}`);
  mkdirSync(folder, { recursive: true });
  markUsed(folder);
  return folder;
}

/**
 * How the rig calls buildah.
 * @param buildArguments more arguments of its builds
 */
export function rigBuilder(buildArguments: string[] = []): Builder {
  const folder = storageFolder();
  const storage = [
    '--root',
    path.join(folder, 'root'),
    '--runroot',
    path.join(folder, 'run'),
    '--storage-driver',
    'overlay',
  ];
  return {
    tool: 'buildah',
    command: ['unshare', '--mount', '--propagation', 'private', '--', 'buildah', ...storage],
    // The containers of a build are processes of this machine with another root: there is no daemon and no network to make.
    buildArguments: ['--isolation', 'chroot', ...buildArguments],
    // Compressing gigabytes for a registry on this machine takes longer than everything else.
    pushArguments: ['--disable-compression'],
  };
}
