/** Whether a rig can be started on this machine at all. */
import { spawnSync } from 'node:child_process';
import { createCgroup, removeCgroup } from './cgroups.ts';
import { findMissing } from './install/debian-packages.ts';

/** Set in the environment where the tests on containers may only be left out for a reason that lies in the machine. */
export const requiredRig = 'MESH_RIG_REQUIRED';

/** Why a rig cannot be started. */
export interface Obstacle {
  /** A sentence that also says what would help. */
  reason: string;
  /**
   * Whether nobody could expect one here: another system, another user, or a container without the rights. Everything else,
   * such as a lack of memory, may be gone at the next try.
   */
  isOfMachine: boolean;
}

/** Runs a command; gives what it says where it fails, undefined where it does not. */
export type Attempt = (command: string, args: string[]) => string | undefined;

const namespaces = ['--net', '--pid', '--mount', '--ipc', '--uts', '--fork', '--mount-proc'];
const inNamespaces = 'mount -t tmpfs rig /run && mount -t overlay overlay -o lowerdir=/usr:/etc /run';
const privileged = 'a container has to be privileged for that';

/** Gives undefined if nothing speaks against it. */
export async function findObstacle(
  platform: string = process.platform,
  user = process.getuid?.(),
  attempt: Attempt = attemptHere,
  missing: () => string[] = findMissing,
): Promise<Obstacle | undefined> {
  const ofMachine = (reason: string): Obstacle => ({ reason, isOfMachine: true });
  if (platform !== 'linux') return ofMachine(`it needs Linux, and this is ${platform}`);
  if (user !== 0) return ofMachine('it needs root, because it makes networks, mounts and containers: run it with sudo');
  const packages = missing();
  if (packages.length > 0 && attempt('apt-get', ['--version']) !== undefined) {
    return ofMachine(
      `it installs ${packages.join(', ')} with apt-get, which this system does not have: run it on Debian`,
    );
  }
  const fault = attempt('unshare', [...namespaces, 'sh', '-c', inNamespaces]);
  if (fault !== undefined) return explainFault('namespaces with mounts of their own', fault);
  const probe = `ml-job-mesh-rig-probe-${process.pid}`;
  try {
    createCgroup(probe);
    await removeCgroup(probe);
  } catch (error) {
    return explainFault('cgroups', (error as Error).message);
  }
  return undefined;
}

/** Tells a right that is withheld from all other failures by what the command says, in C's messages or Node.js's codes. */
function explainFault(what: string, said: string): Obstacle {
  const isRefused = /operation not permitted|permission denied|read-only file system/i.test(said);
  const help = isRefused ? privileged : 'that is not for lack of rights: try again';
  return { reason: `${what} cannot be made here (${said}); ${help}`, isOfMachine: isRefused };
}

function attemptHere(command: string, args: string[]): string | undefined {
  const env = { ...process.env, LC_ALL: 'C' };
  const { status, signal, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status === 0) return undefined;
  return (
    error?.message ?? (stderr.trim() || (signal ? `${command} was ended by ${signal}` : `${command} gave ${status}`))
  );
}
