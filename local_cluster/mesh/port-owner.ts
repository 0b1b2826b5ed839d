/** Whose port it is: the process that listens there, and what a user should know of it. */
import { existsSync, globSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { findProcesses, isRunning } from '../supervisor/process-identity.ts';
import { readRecords } from '../supervisor/process-records.ts';

const listening = '0A';
const anyAddress = '0.0.0.0';

/**
 * Says in a few words who listens on a port, and how to end that: for a line that goes on after "is taken by". Other
 * users' processes cannot be looked into; they are "another program".
 */
export function describePortOwner(host: string, port: number): string {
  const pid = findListener(host, port);
  if (pid === undefined) return 'another program: end it, or choose another port';
  const stateFolder = meshOf(pid);
  if (stateFolder) return describeMesh(stateFolder, pid);
  const folder = tryRead(() => readlinkSync(`/proc/${pid}/cwd`));
  return `\`${commandOf(pid).join(' ').slice(0, 200)}\` (process ${pid}${folder ? `, in ${folder}` : ''}): end it, or choose another port`;
}

function describeMesh(stateFolder: string, pid: number): string {
  if (!existsSync(stateFolder)) return describeRemovedMesh(stateFolder, pid);
  const { supervisor } = readRecords(stateFolder);
  if (supervisor && isRunning(supervisor)) {
    return `the mesh in ${stateFolder} (process ${supervisor.pid}): stop it with Ctrl-C where it was started or with \`kill ${supervisor.pid}\`, or choose another port`;
  }
  return `what a killed run has left of the mesh in ${stateFolder} (process ${pid}): run \`npm run reset\` in ${path.dirname(stateFolder)}, or choose another port`;
}

/** Its node agents end a mesh that has lost its folder and its supervisor; without them, only the user can. */
function describeRemovedMesh(stateFolder: string, pid: number): string {
  const left = findProcesses((argv) => argv.some((argument) => argument.startsWith(`${stateFolder}/`)));
  if (left.some(({ argv }) => isAgent(argv))) {
    return `a mesh whose folder, ${stateFolder}, was removed (process ${pid}): stop it with Ctrl-C if it still runs in a terminal, otherwise it stops by itself within a minute. Or choose another port`;
  }
  const pids = left.filter(({ argv }) => isShim(argv)).map((one) => one.pid);
  return `what is left of a mesh whose folder, ${stateFolder}, was removed: end it with \`kill ${pids.join(' ') || pid}\`, or choose another port`;
}

function isAgent([, script = '']: string[]): boolean {
  return script.endsWith(path.join('local_cluster', 'node', 'agent.ts'));
}

/** A shim passes a SIGTERM on to its container and ends with it. */
function isShim([, command]: string[]): boolean {
  return command === 'run';
}

/** The process of this user that listens there; a listener on all addresses counts. */
export function findListener(host: string, port: number): number | undefined {
  const socket = findSocket(host, port);
  if (socket === undefined) return undefined;
  const link = globSync('/proc/[0-9]*/fd/*').find((file) => tryRead(() => readlinkSync(file)) === `socket:[${socket}]`);
  return link === undefined ? undefined : Number(link.split('/')[2]);
}

/** The inode of the listening socket. */
function findSocket(host: string, port: number): string | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (tryRead(() => readFileSync(table, 'utf8')) ?? '').split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      const [address = '', portThere] = local.split(':');
      if (state !== listening || portThere !== hexPort) continue;
      const isEverywhere = /^0+$/.test(address) || host === anyAddress;
      if (isEverywhere || address.endsWith(hexAddress(host))) return inode;
    }
  }
  return undefined;
}

/** As /proc/net has it: the address's bytes as a little-endian number. */
function hexAddress(host: string): string {
  const bytes = host.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return bytes.reverse().join('').toUpperCase();
}

/** The state folder of the mesh that a process belongs to: its shim was started with a folder below it. */
function meshOf(pid: number): string | undefined {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf(at)) {
    const [, found] = /^(.*)\/node-\d+\/pods\//.exec(commandOf(at).at(-1) ?? '') ?? [];
    if (found) return found;
  }
  return undefined;
}

function parentOf(pid: number): number | undefined {
  const status = tryRead(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const [, parent] = /^PPid:\t(\d+)$/m.exec(status ?? '') ?? [];
  return parent === undefined ? undefined : Number(parent);
}

function commandOf(pid: number): string[] {
  return (tryRead(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0').filter(Boolean);
}

function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // It has ended, or is another user's.
  }
}
