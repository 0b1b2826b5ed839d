import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { identifyProcess, isRunning } from './process-identity.ts';
import { endLeftovers, readRecords, recordProcess } from './process-records.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'records-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function startSleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['300'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}

test('a process on record is ended by the next start, and one that is not goes on', async () => {
  const [recorded, other] = [await startSleeper(), await startSleeper()];
  recordProcess(folder, 'etcd', recorded.pid);
  expect(await endLeftovers(folder)).toEqual(['etcd']);
  expect(recorded.signalCode ?? (await once(recorded, 'exit'))[1]).toBe('SIGKILL');
  expect(other.exitCode).toBeNull();
  expect(readRecords(folder)).toEqual({});
});

test('another process that has got the same id is left alone', async () => {
  const child = await startSleeper();
  const identity = identifyProcess(child.pid)!;
  const earlier = { ...identity, startTicks: identity.startTicks - 1 };
  writeFileSync(path.join(folder, 'processes.json'), JSON.stringify({ etcd: earlier }));
  expect(await endLeftovers(folder)).toEqual([]);
  expect(isRunning(identity)).toBe(true);
});

test('a process of an earlier boot counts as gone', async () => {
  const child = await startSleeper();
  expect(isRunning({ ...identifyProcess(child.pid)!, bootId: 'another' })).toBe(false);
});

test('the supervisor on record is not a leftover, and a damaged file counts as nothing on record', async () => {
  recordProcess(folder, 'supervisor', process.pid);
  expect(await endLeftovers(folder)).toEqual([]);
  writeFileSync(path.join(folder, 'processes.json'), '{"etcd":');
  expect(readRecords(folder)).toEqual({});
});

/** A process that calls itself so, with these arguments. */
async function startAs(argv0: string, ...args: string[]): Promise<ChildProcess & { pid: number }> {
  const script = ['-e', 'setInterval(() => undefined, 1000)', '--', ...args];
  const child = spawn(process.execPath, script, { argv0, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  await vi.waitFor(() => expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).toContain(argv0));
  return child as ChildProcess & { pid: number };
}

test('in place of a file that is empty, the cluster’s own processes are found, and no others', async () => {
  const component = await startAs('/cache/etcd', `--data-dir=${folder}/etcd`);
  const others = [
    await startAs('/cache/etcd', `--data-dir=${folder}-other/etcd`),
    await startAs('/usr/bin/less', `${folder}/logs/etcd.log`),
  ];
  writeFileSync(path.join(folder, 'processes.json'), '');
  expect(Object.values(readRecords(folder)).map(({ pid }) => pid)).toEqual([component.pid]);
  expect(await endLeftovers(folder)).toHaveLength(1);
  expect(others.map(({ pid }) => identifyProcess(pid)?.pid)).toEqual(others.map(({ pid }) => pid));
});

test('a process that the supervisor had only just started when it was killed, and had not noted, is ended too', async () => {
  const recorded = await startSleeper();
  recordProcess(folder, 'etcd', recorded.pid);
  const { pid } = await startAs('/cache/kube-scheduler', `--config=${folder}/scheduler.yaml`);
  expect(await endLeftovers(folder)).toEqual(['etcd', expect.stringMatching(`${pid}$`)]);
  expect(identifyProcess(pid)).toBeUndefined();
});
