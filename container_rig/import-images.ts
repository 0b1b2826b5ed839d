/**
 * Gives every node of the rig that runs the images of an archive, as `docker save` writes it:
 *
 *     node container_rig/import-images.ts FILE
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { enterRig } from './entry.ts';
import { containerdSocket } from './nodes/containerd.ts';
import { readRig } from './state.ts';

const [archive] = process.argv.slice(2);
try {
  if (archive === undefined) throw new Error('name an archive of images');
  const rig = readRig();
  const ctr = ['ctr', '-a', containerdSocket, '-n', 'k8s.io', 'images', 'import', path.resolve(archive)];
  for (const [name, { containerd }] of Object.entries(rig.nodes)) {
    const entry = enterRig(rig, 'nsenter', ['-t', String(containerd), '-m', '-n', '-p', '--', ...ctr]);
    const { status } = spawnSync(entry.command, entry.args, { stdio: 'inherit', env: entry.env });
    if (status !== 0) throw new Error(`${name} has not taken ${archive}`);
  }
} catch (error) {
  console.error(`container_rig/import-images.ts: ${(error as Error).message}`);
  process.exitCode = 1;
}
