/** What the rig runs from Debian's packages. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import type { StepContext, StepResult } from '../../local_cluster/install/step-runner.ts';
import { withoutServices } from './services.ts';

/** A package, and what it is installed for; one that is there by another way is as good. */
const packages: Record<string, string> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iptables: 'iptables',
  iproute2: 'ip',
  conntrack: 'conntrack',
  procps: 'sysctl',
  'util-linux': 'nsenter',
  tini: 'tini',
  'docker-registry': 'docker-registry',
  mmdebstrap: 'mmdebstrap',
  buildah: 'buildah',
  'docker.io': 'dockerd',
  'docker-compose': 'docker-compose',
};

/** Installs those that are missing, and starts none of them, now or at boot. */
export async function installDebianPackages({ say, signal }: StepContext): Promise<StepResult<undefined>> {
  const missing = findMissing();
  if (missing.length === 0) return { value: undefined };
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...missing];
  say(`installing ${missing.join(', ')}`);
  const work = async () => {
    // The lists may be old, or not there at all; fetching them takes longer than the packages do.
    await runCommand('apt-get', install, { env, signal }).catch(async () => {
      await runCommand('apt-get', ['update'], { env, signal });
      await runCommand('apt-get', install, { env, signal });
    });
  };
  await withoutServices(work, undefined, signal);
  const still = findMissing();
  if (still.length > 0) throw new Error(`still missing after the installation: ${still.join(', ')}`);
  return { value: undefined, done: `installed ${missing.join(', ')}` };
}

/** Packages whose program is not there. */
export function findMissing(
  folders = (process.env.PATH ?? '').split(path.delimiter),
  systemFolders = ['/usr/sbin', '/sbin'],
): string[] {
  const searched = [...folders, ...systemFolders];
  const isThere = (program: string) => searched.some((folder) => existsSync(path.resolve(folder, program)));
  return Object.keys(packages).filter((name) => !isThere(packages[name]!));
}
