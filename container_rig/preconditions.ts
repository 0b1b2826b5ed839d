/** Whether a rig can be started on this machine at all. */
import { spawnSync } from 'node:child_process';
import { createCgroup, removeCgroup } from './cgroups.ts';
import { findMissing } from './install/debian-packages.ts';

const namespaces = ['--net', '--pid', '--mount', '--ipc', '--uts', '--fork', '--mount-proc'];
const inNamespaces = 'mount -t tmpfs rig /run && mount -t overlay overlay -o lowerdir=/usr:/etc /run';

/** Says why not, in one sentence that also says what would help; undefined if nothing speaks against it. */
export async function findObstacle(
  platform: string = process.platform,
  user = process.getuid?.(),
): Promise<string | undefined> {
  if (platform !== 'linux') return `it needs Linux, and this is ${platform}`;
  if (user !== 0) return 'it needs root, because it makes networks, mounts and containers: run it with sudo';
  const missing = findMissing();
  if (missing.length > 0 && !canRun('apt-get', ['--version'])) {
    return `it installs ${missing.join(', ')} with apt-get, which this system does not have: run it on Debian`;
  }
  if (!canRun('unshare', [...namespaces, 'sh', '-c', inNamespaces])) {
    return 'this machine lets nobody make namespaces with mounts of their own; a container has to be privileged for that';
  }
  const probe = `ml-job-mesh-rig-probe-${process.pid}`;
  try {
    createCgroup(probe);
    await removeCgroup(probe);
  } catch (error) {
    return `cgroups cannot be made here (${(error as Error).message}); a container has to be privileged for that`;
  }
  return undefined;
}

function canRun(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
