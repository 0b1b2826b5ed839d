/** Keeps the services of packages off: nothing that is installed here is started, neither now nor when the machine boots. */
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { waitForLock } from '../../local_cluster/supervisor/lock.ts';

/** Known by its text, so that one that a killed installation has left is not taken for somebody else's, and kept. */
const policy = "#!/bin/sh\n# ml-job-mesh's, while it installs packages. Safe to remove.\nexit 101\n";

/** Where they are. */
export interface ServiceFiles {
  /** Asked by packages whether they may start a service; 101 says no. */
  policyFile: string;
  /** The folder of the links that start services at boot. */
  settingsFolder: string;
}

const ofMachine: ServiceFiles = { policyFile: '/usr/sbin/policy-rc.d', settingsFolder: '/etc' };

/** Installs with them off; those that were on before stay so. One installation at a time: the others wait. */
export async function withoutServices(
  install: () => Promise<void>,
  { policyFile, settingsFolder }: ServiceFiles = ofMachine,
  signal?: AbortSignal,
): Promise<void> {
  const lock = await waitForLock(policyFile, signal ? { signal } : {});
  const isOurs = !existsSync(policyFile) || readFileSync(policyFile, 'utf8') === policy;
  if (isOurs) writeFileSync(policyFile, policy, { mode: 0o755 });
  const before = new Set(listBootLinks(settingsFolder));
  try {
    await install();
  } finally {
    for (const link of listBootLinks(settingsFolder)) if (!before.has(link)) switchOff(link);
    if (isOurs) rmSync(policyFile);
    await lock.release();
  }
}

/** Lists the links of systemd, and those of System V's boot. Masks are links too, but they keep a service off. */
function listBootLinks(settingsFolder: string): string[] {
  const isLink = (file: string) => lstatSync(file).isSymbolicLink() && readlinkSync(file) !== '/dev/null';
  const units = listFolder(path.join(settingsFolder, 'systemd/system'), true);
  const runLevels = ['2', '3', '4', '5', 'S'].map((level) => path.join(settingsFolder, `rc${level}.d`));
  const starts = runLevels
    .flatMap((folder) => listFolder(folder))
    .filter((file) => path.basename(file).startsWith('S'));
  return [...units, ...starts].filter(isLink);
}

function listFolder(folder: string, recursive = false): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive, encoding: 'utf8' }).map((name) => path.join(folder, name));
}

/**
 * As `systemctl disable` and `update-rc.d disable` do it, of which a machine may have neither. An upgrade of the package
 * keeps it so.
 */
function switchOff(link: string): void {
  const [, service] = /^S\d\d(.*)$/.exec(path.basename(link)) ?? [];
  if (service && /^rc.\.d$/.test(path.basename(path.dirname(link)))) {
    renameSync(link, path.join(path.dirname(link), `K01${service}`));
  } else rmSync(link);
}
