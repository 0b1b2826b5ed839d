/** Buildah with a storage of the rig's own: nothing of it is in the machine's, and no mount outlasts a command. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Builder } from '../../deployment/images/builders.ts';
import { cacheFolder, hashInputs, markUsed } from '../../local_cluster/install/cache.ts';

/** Change it when storages of an earlier version cannot be used any more. */
const version = '1';

/** Where images, the stages that they were built from, and downloads are kept for the next build. */
export function storageFolder(): string {
  const folder = path.join(cacheFolder(), `rig-storage-${hashInputs([version])}`);
  mkdirSync(path.join(folder, 'tmp'), { recursive: true });
  markUsed(folder);
  return folder;
}

/**
 * How the rig calls buildah.
 * @param buildArguments more arguments of its builds
 * @param networkOf the id of a process whose network it uses
 */
export function rigBuilder(buildArguments: string[] = [], networkOf?: number): Builder {
  const folder = storageFolder();
  const network = networkOf === undefined ? [] : ['nsenter', '-t', String(networkOf), '-n', '--'];
  const mounts = ['unshare', '--mount', '--propagation', 'private', '--'];
  const storage = ['--root', path.join(folder, 'root'), '--runroot', path.join(folder, 'run')];
  return {
    tool: 'buildah',
    command: [
      ...[...network, ...mounts, 'env', `TMPDIR=${path.join(folder, 'tmp')}`],
      ...['buildah', ...storage, '--storage-driver', 'overlay'],
    ],
    // A build's commands are processes of this machine with another root: no daemon, and no network to make.
    buildArguments: ['--isolation', 'chroot', ...buildArguments],
    // A registry takes compressed layers only; for one on this machine, the quickest way is the best.
    pushArguments: ['--compression-format', 'gzip', '--compression-level', '1'],
  };
}
