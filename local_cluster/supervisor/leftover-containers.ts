/**
 * Finds and ends the containers of a cluster whose node agents are gone. A start never does this, because Jobs go on
 * across a crash; clearing the state and a forced stop do.
 */
import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRecordFile } from '../record-file.ts';
import {
  findProcesses,
  isRunning,
  killProcess,
  mayRun,
  type ProcessIdentity,
  signalProcess,
} from './process-identity.ts';

const endWithinMs = 5_000;

/** A container, or the forwarder of a port, that runs now. */
export interface RunningContainer {
  /** What the node agent and the shim keep of it. */
  folder: string;
  shim: ProcessIdentity;
}

/** Lists the containers of a state folder's nodes that run now, by the records that their shims have written. */
export function findRunningContainers(stateFolder: string): RunningContainer[] {
  return globSync('node-*/pods/*/{containers,host-ports}/**/started.json', { cwd: stateFolder }).flatMap((found) => {
    const folder = path.join(stateFolder, path.dirname(found));
    if (existsSync(path.join(folder, 'exit.json'))) return [];
    const shim = readShim(path.join(stateFolder, found)) ?? findShim(folder);
    return shim && isRunning(shim) ? [{ folder, shim }] : [];
  });
}

function readShim(file: string): ProcessIdentity | undefined {
  const record = readRecordFile<{ shimPid: number; shimTicks: number; bootId: string }>(file);
  return record && { pid: record.shimPid, startTicks: record.shimTicks, bootId: record.bootId };
}

/** Finds the shim of a container whose record cannot be read, by what it was started with. */
function findShim(folder: string): ProcessIdentity | undefined {
  return findProcesses(([, command, argument]) => command === 'run' && argument === folder)[0];
}

/** Ends all of them at once and returns when they are gone. Gives how many there were. */
export async function endContainers(stateFolder: string): Promise<number> {
  const running = findRunningContainers(stateFolder);
  await Promise.all(running.map(({ shim }) => endContainer(shim)));
  return running.length;
}

/** A shim that gets SIGUSR1 kills its container with all that it has started, and ends. */
async function endContainer(shim: ProcessIdentity): Promise<void> {
  const giveUpAt = performance.now() + endWithinMs;
  for (let isTold = false; mayRun(shim) && performance.now() < giveUpAt; await sleep(20)) {
    if (!isTold) isTold = signalProcess(shim, 'SIGUSR1');
  }
  await killProcess(shim);
}
