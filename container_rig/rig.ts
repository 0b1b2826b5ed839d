/** A rig from outside: started in namespaces of its own, and removed so that nothing of it is left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf } from '../local_cluster/control_plane/programs.ts';
import { writeRecordFile } from '../local_cluster/record-file.ts';
import { type Lock, tryLock } from '../local_cluster/supervisor/lock.ts';
import { identifyProcess, killProcess } from '../local_cluster/supervisor/process-identity.ts';
import { createCgroup, removeCgroup, weighCgroup } from './cgroups.ts';
import { readLeftovers, removeStateFolder } from './clearing.ts';
import type { InsideMessage, InsideOptions, ReadyCluster } from './inside-options.ts';
import type { RigSoftware } from './install/install.ts';
import { nodeCpus, nodePlaces, registry } from './layout.ts';
import { readMachineState } from './machine-state.ts';
import { findChild } from './nodes/holder.ts';
import { keepPodWeights } from './pod-weights.ts';
import { findRemains, listNetworkTraces, markProcesses, readNetworkState } from './remains.ts';
import { type OwnerRecord, ownerFile, type RigRecord, rigFile } from './state.ts';

const pollMs = 10;

/** How to start it. */
export interface RigOptions {
  /** Made, and removed with the rig. */
  stateFolder: string;
  software: RigSoftware;
  /** Told in one line each what happens to the rig's own processes. */
  log: (line: string) => void;
  /** Ends the start when it is aborted before the rig is ready. */
  cancel?: AbortSignal;
}

/** A rig that runs. */
export interface Rig extends RigRecord {
  /** Resolved with the reason when it ends without being told to. */
  readonly ended: Promise<string>;
  /**
   * Removes it. Stopping twice is fine.
   * @throws Error that lists what is left of it
   */
  stop(): Promise<void>;
}

/**
 * Starts a rig; returns when its cluster is ready. What an earlier one has left in the state folder, because it was killed,
 * is removed first.
 * @throws Error when one runs in this state folder, when the folder is something else than a rig's, or when it cannot be
 * started; nothing is left of it then
 */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { stateFolder, log } = options;
  mkdirSync(path.dirname(stateFolder), { recursive: true });
  const lock = await tryLock(stateFolder);
  if (!lock) throw new Error(`a rig runs in ${stateFolder} already; RIG_STATE names a folder for another one`);
  try {
    readLeftovers(stateFolder);
  } catch (error) {
    await lock.release();
    throw error;
  }
  try {
    await clear(stateFolder);
    return await start(options, lock);
  } catch (error) {
    await clear(stateFolder).catch((fault) => log(`not all could be removed: ${(fault as Error).message}`));
    await lock.release();
    throw error;
  }
}

async function start({ stateFolder, software, log, cancel }: RigOptions, lock: Lock): Promise<Rig> {
  const cgroup = `ml-job-mesh-rig-${randomBytes(4).toString('hex')}`;
  mkdirSync(stateFolder, { recursive: true, mode: 0o755 });
  const before = listNetworkTraces(readNetworkState());
  const owner: OwnerRecord = { cgroup, before, machine: readMachineState() };
  writeRecordFile(ownerFile(stateFolder), owner);
  for (const { name } of nodePlaces) createCgroup(`${cgroup}/${name}`);
  for (const { name } of nodePlaces) weighCgroup(`${cgroup}/${name}`, nodeCpus);
  weighCgroup(cgroup, nodeCpus * nodePlaces.length);
  const child = launch({ ...software, stateFolder, cgroup, mayLowerOomScores: mayLowerOomScores() });
  const pid = await findFirstProcess(child);
  const processes = [child.pid!, pid].flatMap((one) => identifyProcess(one) ?? []);
  writeRecordFile(ownerFile(stateFolder), { ...owner, processes } satisfies OwnerRecord);
  const ready = await waitUntilReady(child, stateFolder, log, cancel);
  const record: RigRecord = {
    pid,
    ...ready,
    registry,
    controlPlane: software.controlPlane,
    tools: writeTools(stateFolder, software),
  };
  writeRecordFile(rigFile(stateFolder), record);
  const stopWeighing = keepPodWeights(cgroup);
  let stopping: Promise<void> | undefined;
  return {
    ...record,
    ended: once(child, 'exit').then(() => `the rig has ended by itself; its logs were in ${stateFolder}/logs`),
    stop() {
      stopWeighing();
      stopping ??= clear(stateFolder).finally(() => lock.release());
      return stopping;
    },
  };
}

/** tini takes in what others leave, and passes signals on. */
function launch(options: InsideOptions): ChildProcess {
  const kinds = ['--net', '--pid', '--mount', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc'];
  const program = path.join(import.meta.dirname, 'inside.ts');
  const log = openSync(path.join(options.stateFolder, 'inside.log'), 'a');
  const inside = ['tini', '--', process.execPath, program, JSON.stringify(options)];
  // A session of its own, so that a Ctrl-C in the terminal reaches this process alone.
  const env = { ...process.env, ...markProcesses(options.cgroup) };
  return spawn('unshare', [...kinds, '--', ...inside], { stdio: ['ignore', log, log, 'ipc'], env, detached: true });
}

async function findFirstProcess(child: ChildProcess): Promise<number> {
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const first = findChild(child.pid, 'tini');
    if (first !== undefined) return first;
    await sleep(pollMs);
  }
  throw new Error('the namespaces for a rig cannot be made');
}

async function waitUntilReady(
  child: ChildProcess,
  stateFolder: string,
  log: (line: string) => void,
  cancel: AbortSignal = new AbortController().signal,
) {
  cancel.throwIfAborted();
  const settled = new AbortController();
  const signal = settled.signal;
  const ready = new Promise<ReadyCluster>((resolve, reject) => {
    child.on('message', (message: InsideMessage) => {
      if ('say' in message) log(message.say);
      else if ('ready' in message) resolve(message.ready);
      else reject(new Error(message.failed));
    });
  });
  try {
    return await Promise.race([
      ready,
      once(child, 'exit', { signal }).then(() => {
        const said = readFileSync(path.join(stateFolder, 'inside.log'), 'utf8').trim();
        throw new Error(`the rig has ended while it was starting: ${said}`);
      }),
      once(cancel, 'abort', { signal }).then(() => {
        throw new Error('stopped before it was ready');
      }),
    ]);
  } finally {
    settled.abort();
  }
}

/**
 * Ends all processes of the rig that the state folder tells of, and removes everything of it.
 * @throws Error that lists what is left
 */
async function clear(stateFolder: string): Promise<void> {
  const owner = readLeftovers(stateFolder);
  if (owner) {
    // The first one in the rig's namespaces takes all others with it.
    for (const identity of (owner.processes ?? []).toReversed()) await killProcess(identity);
    await removeCgroup(owner.cgroup);
  }
  if (existsSync(stateFolder)) removeStateFolder(stateFolder);
  const remains = owner ? findRemains({ ...owner, stateFolder }) : [];
  if (remains.length > 0) throw new Error(`not all of the rig is gone: ${remains.join('; ')}`);
}

/** kubectl, for machines that have none. */
function writeTools(stateFolder: string, { controlPlane }: RigSoftware): string {
  const folder = path.join(stateFolder, 'tools');
  mkdirSync(folder);
  const { command, first } = commandOf(controlPlane, 'kubectl');
  const program = [command, ...first].map((text) => `'${text.replaceAll("'", `'\\''`)}'`).join(' ');
  writeFileSync(path.join(folder, 'kubectl'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  return folder;
}

/** The capability CAP_SYS_RESOURCE, bit 24 of the effective set. Source: capabilities(7). */
function mayLowerOomScores(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${effective}`) & (1n << 24n)) !== 0n;
}
