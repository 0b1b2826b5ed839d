/** What of the machine all namespaces share, and a rig's programs would change for good if they were let. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What kubelet demands of a kernel, as files below /proc/sys; it writes whatever differs.
 * Source: k8s.io/component-helpers/node/util/sysctl and kubelet's setupKernelTunables.
 */
export const kubeletKernelSettings: Record<string, string> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};
const watchedSettings = [...Object.keys(kubeletKernelSettings), 'net/netfilter/nf_conntrack_max'];
/** Made by kubelet, containerd and the pods' network, wherever their state is. */
const watchedFolders = [
  '/var/lib/kubelet/device-plugins',
  '/var/lib/cni',
  '/var/log/containers',
  '/var/log/pods',
  '/opt/containerd',
];

/** How the machine was at a moment. */
export interface MachineState {
  /** A restart of the machine sets all settings anew. */
  bootId: string;
  settings: Record<string, string>;
  /** Those of the watched folders that were not there. */
  missingFolders: string[];
}

/** @param root the machine's, or a copy's */
export function readMachineState(root = '/'): MachineState {
  const read = (name: string) => readFileSync(path.join(root, 'proc/sys', name), 'utf8').trim();
  const present = watchedSettings.filter((name) => existsSync(path.join(root, 'proc/sys', name)));
  return {
    bootId: read('kernel/random/boot_id'),
    settings: Object.fromEntries(present.map((name) => [name, read(name)])),
    missingFolders: watchedFolders.filter((folder) => !existsSync(path.join(root, folder))),
  };
}

/** Lists what has changed since, a sentence each. */
export function findChanges(before: MachineState, root = '/'): string[] {
  const now = readMachineState(root);
  const settings = before.bootId === now.bootId ? Object.entries(before.settings) : [];
  return [
    ...settings
      .filter(([name, value]) => now.settings[name] !== value)
      .map(([name, value]) => `the kernel's ${name.replaceAll('/', '.')} was ${value} and is ${now.settings[name]}`),
    ...before.missingFolders
      .filter((folder) => !now.missingFolders.includes(folder))
      .map((folder) => `the folder ${folder} was not there before`),
  ];
}
