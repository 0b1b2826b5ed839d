import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { canMount, fillDisk, mountSmallDisk, unmount } from '../testing/small-disk.ts';
import type { killCluster } from './forced-stop.ts';
import { endContainers } from './leftover-containers.ts';
import { identifyProcess } from './process-identity.ts';
import { recordProcess } from './process-records.ts';

let folder: string;
let said: string[];
/** Each test has a supervision of its own: once it is over, nothing can be started. */
let startSupervised: typeof import('./supervised-process.ts').startSupervised;
let kill: typeof killCluster;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'forced-stop-test-'));
  said = [];
  vi.resetModules();
  ({ startSupervised } = await import('./supervised-process.ts'));
  ({ killCluster: kill } = await import('./forced-stop.ts'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function startSleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['300'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}

/** A container as its shim has it on record; SIGUSR1 ends the sleeper that stands for the shim. */
async function startContainer(): Promise<number> {
  const { pid } = await startSleeper();
  const run = path.join(folder, 'node-1', 'pods', 'uid', 'containers', 'main', '0');
  mkdirSync(run, { recursive: true });
  const { startTicks, bootId } = identifyProcess(pid)!;
  writeFileSync(path.join(run, 'started.json'), JSON.stringify({ shimPid: pid, shimTicks: startTicks, bootId }));
  return pid;
}

function plan(name: string, script: string) {
  return {
    name,
    command: 'sh',
    args: ['-c', `cd ${folder}; ${script}`],
    logFile: path.join(folder, `${name}.log`),
    stateFolder: folder,
    isReady: async () => existsSync(path.join(folder, 'ready')),
    readyWithinMs: 10_000,
    stopGraceMs: 500,
    onEvent: (line: string) => void said.push(line),
  };
}

test('what is supervised is killed, stays so, and nothing is started any more', async () => {
  const worker = await startSupervised(plan('worker', 'touch ready; exec sleep 300'));
  onTestFinished(worker.stop);
  const dying = await startSupervised(plan('dying', 'exec sleep 300'));
  onTestFinished(dying.stop);
  process.kill(dying.pid()!, 'SIGKILL');
  await vi.waitFor(() => expect(said).toEqual(['dying ended (SIGKILL); starting it again in 0.25 s']));
  const pid = worker.pid()!;
  await kill(folder, (line) => said.push(line));
  expect(identifyProcess(pid)).toBeUndefined();
  await expect(startSupervised(plan('late', 'exec sleep 300'))).rejects.toThrow('late is not started');
  // As long as a supervisor that had not noticed would take to start it again.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([worker.pid(), dying.pid(), said.length]).toEqual([undefined, undefined, 1]);
});

describe.skipIf(!canMount())('on a disk that is full', () => {
  beforeEach(() => mountSmallDisk(folder));
  afterEach(() => unmount(folder));

  test('everything is ended all the same, the containers last', async () => {
    const [recorded, container] = [await startSleeper(), await startContainer()];
    recordProcess(folder, 'etcd', recorded.pid);
    fillDisk(folder);
    await kill(folder, (line) => said.push(line));
    expect([identifyProcess(recorded.pid), identifyProcess(container), said]).toEqual([undefined, undefined, []]);
  });
});

test('what cannot be ended keeps nothing else from it', async () => {
  const container = await startContainer();
  vi.doMock('./process-records.ts', async (load) => ({
    ...(await load<object>()),
    endLeftovers: () => Promise.reject(new Error('no records')),
  }));
  onTestFinished(() => void vi.doUnmock('./process-records.ts'));
  vi.resetModules();
  const { killCluster: killAll } = await import('./forced-stop.ts');
  await killAll(folder, (line) => said.push(line));
  expect([identifyProcess(container), said]).toEqual([undefined, ['something may run on: no records']]);
});

test('a container that ends while it is being ended is fine', async () => {
  const pid = await startContainer();
  const { kill: send } = process;
  const spy = vi.spyOn(process, 'kill').mockImplementationOnce((id) => {
    send.call(process, id, 'SIGKILL');
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
  });
  onTestFinished(() => spy.mockRestore());
  expect([await endContainers(folder), identifyProcess(pid)]).toEqual([1, undefined]);
});
