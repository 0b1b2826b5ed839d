/** A node's mounts: what its programs write outside of their own folders is the node's, and ends with it. */
import path from 'node:path';
import { kubeletKernelSettings } from '../machine-state.ts';

/** In them, kubelet and the pods' network have folders whose paths cannot be set; on the machine those would stay. */
const ownFolders = ['/var/lib', '/var/log'];

/**
 * Describes them as a shell script, to be run in namespaces of the node's own: a `/run`, `/var/lib` and `/var/log` that are
 * empty, and copies of the kernel settings that kubelet demands, so that it finds them as it wants them and changes none of
 * the machine's.
 * @param needed real paths of folders that are seen nevertheless
 */
export function describeMounts(needed: string[]): string {
  const isHidden = (folder: string) => ownFolders.some((own) => folder.startsWith(`${own}${path.sep}`));
  const hidden = needed.filter(isHidden);
  return [
    'set -e',
    'mount -t tmpfs -o mode=755 rig /run',
    'mkdir /run/lock /run/kernel-settings',
    ...hidden.flatMap((folder, index) => [
      `mkdir -p /run/needed/${index}`,
      `mount --rbind ${quote(folder)} /run/needed/${index}`,
    ]),
    ...ownFolders.map((own) => `mount -t tmpfs -o mode=755 rig ${own}`),
    ...hidden.flatMap((folder, index) => [
      `mkdir -p ${quote(folder)}`,
      `mount --move /run/needed/${index} ${quote(folder)}`,
    ]),
    ...Object.entries(kubeletKernelSettings).flatMap(([name, value], index) => [
      `echo ${value} > /run/kernel-settings/${index}`,
      `mount --bind /run/kernel-settings/${index} /proc/sys/${name}`,
    ]),
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
