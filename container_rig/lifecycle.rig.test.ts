// What is left of a rig that ends otherwise than it should: a killed one, one that is stopped while it starts, one that fails.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { readRecordFile } from '../local_cluster/record-file.ts';
import { findCgroups } from './cgroups.ts';
import { findRemains } from './remains.ts';
import { type OwnerRecord, ownerFile, rigFile } from './state.ts';

const patience = { timeout: 110_000, interval: 50 };
const command = path.join(import.meta.dirname, 'up.ts');

let place: string;
let stateFolder: string;
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'rig-test-'));
  stateFolder = path.join(place, 'rig');
});
afterEach(() => rmSync(place, { recursive: true }));

/** Starts a rig without a mesh, as a user does. */
function startCommand(): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [command, '--bare'], {
    env: { ...process.env, RIG_STATE: stateFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (said += part));
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGINT');
    await once(child, 'exit');
  });
  return { child, said: () => said };
}

/** Waits until the rig's own processes run; gives what is known of it then. */
function waitForOwner(): Promise<Required<OwnerRecord>> {
  return vi.waitFor(() => {
    const owner = readRecordFile<OwnerRecord>(ownerFile(stateFolder));
    if (!owner?.processes) throw new Error('the rig has not started');
    return owner as Required<OwnerRecord>;
  }, patience);
}

const remainsOf = (owner: OwnerRecord) => findRemains({ ...owner, stateFolder });

test('a rig ends with whoever started it, also when that is killed, and the next one removes what is left', async () => {
  const first = startCommand();
  const killed = await waitForOwner();
  await vi.waitFor(() => expect(existsSync(rigFile(stateFolder)), first.said()).toBe(true), patience);
  const pods = findCgroups(`${killed.cgroup}/node-1/kubepods`);
  expect(pods).not.toEqual([]);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  // No process, mount, interface, rule or changed setting; only what the kernel does not end with a process.
  await vi.waitFor(() => {
    const left = remainsOf(killed);
    expect(left.filter((line) => !/^the (cgroup|folder) .* is still there$/.test(line))).toEqual([]);
    expect(left).not.toEqual([]);
  }, patience);

  const second = startCommand();
  const stopped = await vi.waitFor(async () => {
    const owner = await waitForOwner();
    expect(owner.cgroup).not.toBe(killed.cgroup);
    return owner;
  }, patience);
  expect(findCgroups(killed.cgroup)).toEqual([]);
  // In the middle of its start.
  second.child.kill('SIGINT');
  const [code] = await once(second.child, 'exit');
  expect([code, second.said()]).toEqual([1, expect.stringContaining('stopped before it was ready')]);
  expect(remainsOf(stopped)).toEqual([]);
});

test('a rig whose own processes end while it starts says so, and leaves nothing', async () => {
  const { child, said } = startCommand();
  const owner = await waitForOwner();
  // The init of its namespaces: with it ends whatever is in them.
  const [, init] = owner.processes;
  spawnSync('kill', ['-KILL', String(init!.pid)]);
  const [code] = await once(child, 'exit');
  expect([code, said()]).toEqual([1, expect.stringContaining('the rig has ended while it was starting')]);
  expect(remainsOf(owner)).toEqual([]);
});
