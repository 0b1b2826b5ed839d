/**
 * A node's namespaces: a network, processes and mounts of its own. A small program holds them; when it ends, the kernel
 * takes everything away that is in them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import { type NodePlace, nodePlaces, outside } from '../layout.ts';
import { findChild } from './holder.ts';
import { describeMounts } from './mounts.ts';

const pollMs = 10;
const heldWithinMs = 10_000;

/** Namespaces that are there. */
export interface Namespaces {
  /** The process that holds them, as this process sees it. */
  readonly pid: number;
  /** The command that runs another one in them, and that ends with whoever has started it. */
  command(command: string, args: string[]): { command: string; args: string[] };
  /** Runs a command in them to its end; gives what it printed, throws with its message if it fails. */
  run(command: string, args: string[]): Promise<string>;
  /** Ends all that is in them, at once. */
  remove(): Promise<void>;
}

/**
 * Makes a node's namespaces, with a cable to the rig's bridge.
 * @param holder the program that holds them
 * @param needed folders of the machine that are seen there, also where they are in one that each node has of its own
 */
export async function createNamespaces(holder: string, place: NodePlace, needed: string[]): Promise<Namespaces> {
  const kinds = ['--net', '--pid', '--mount', '--ipc', '--uts'];
  const child = spawn('unshare', [...kinds, '--fork', '--kill-child', '--mount-proc', '--', holder], {
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(child, 'exit');
  const remove = async () => {
    child.kill('SIGKILL');
    await ended;
    // The kernel takes it away as well, some time after the last process.
    await runCommand('ip', ['link', 'delete', cableOf(place)]).catch(() => undefined);
  };
  try {
    const namespaces = { ...enter(await findHolder(child, holder)), remove };
    await namespaces.run('sh', ['-c', describeMounts(needed.map((folder) => realpathSync(folder)))]);
    await namespaces.run('hostname', [place.name]);
    await connect(namespaces, place);
    return namespaces;
  } catch (error) {
    await remove();
    throw error;
  }
}

function enter(pid: number): Omit<Namespaces, 'remove'> {
  const build = (command: string, args: string[]) => ({
    command: 'nsenter',
    args: ['-t', String(pid), '-m', '-n', '-p', '-i', '-u', '--', 'setpriv', '--pdeathsig', 'KILL', command, ...args],
  });
  return {
    pid,
    command: build,
    run(command, args) {
      const built = build(command, args);
      return runCommand(built.command, built.args);
    },
  };
}

/** Waits until `unshare` has made all of it and its child has become the holder. */
async function findHolder({ pid, exitCode }: ChildProcess, holder: string): Promise<number> {
  const giveUpAt = performance.now() + heldWithinMs;
  while (pid !== undefined && exitCode === null && performance.now() < giveUpAt) {
    const child = findChild(pid, path.basename(holder));
    if (child !== undefined) return child;
    await sleep(pollMs);
  }
  throw new Error('namespaces for a node cannot be made: `unshare` has not started what is to hold them');
}

/** One end of the cable is the node's `eth0`, the other is on the bridge. */
async function connect({ pid, run }: Namespaces, place: NodePlace): Promise<void> {
  const cable = cableOf(place);
  await runCommand('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
  await runCommand('ip', ['link', 'set', cable, 'master', outside.bridge, 'up']);
  const others = nodePlaces.filter(({ name }) => name !== place.name);
  const script = `
    set -e
    ip link set lo up
    ip address add ${place.address}/${outside.prefix} dev eth0
    ip link set eth0 up
    ip route add default via ${outside.address}
    ${others.map((other) => `ip route add ${other.podRange} via ${other.address}`).join('\n')}
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    # Answers between two pods of this node have to pass where a service's address was replaced.
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1
  `;
  await run('sh', ['-c', script]);
}

function cableOf({ name }: NodePlace): string {
  return `to-${name}`;
}
