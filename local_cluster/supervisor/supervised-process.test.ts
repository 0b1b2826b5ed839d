import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { canMount, fillDisk, mountSmallDisk, unmount } from '../testing/small-disk.ts';
import { rotateIfLarge } from './log-file.ts';
import { identifyProcess } from './process-identity.ts';
import { readRecords } from './process-records.ts';
import { type ProcessPlan, startSupervised } from './supervised-process.ts';

let folder: string;
let events: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'supervised-test-'));
  events = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A shell script that is ready when it has made the file `ready`. */
function planScript(script: string, more: Partial<ProcessPlan> = {}): ProcessPlan {
  return {
    name: 'worker',
    command: 'sh',
    args: ['-c', `cd ${folder}; ${script}`],
    logFile: path.join(folder, 'worker.log'),
    stateFolder: folder,
    isReady: async () => existsSync(path.join(folder, 'ready')),
    readyWithinMs: 10_000,
    stopGraceMs: 500,
    onEvent: (line) => events.push(line),
    ...more,
  };
}

test('it is started, is ready before the start returns, is on record, and is gone after a stop', async () => {
  const worker = await startSupervised(planScript('sleep 0.2; touch ready; exec sleep 300'));
  const pid = worker.pid()!;
  expect(existsSync(path.join(folder, 'ready'))).toBe(true);
  expect(readRecords(folder).worker).toEqual(identifyProcess(pid));
  await worker.stop();
  await worker.stop();
  expect([identifyProcess(pid), readRecords(folder), events]).toEqual([undefined, {}, []]);
});

test('one that dies is started again, and both are told', async () => {
  const worker = await startSupervised(planScript('touch ready; exec sleep 300'));
  onTestFinished(worker.stop);
  const first = worker.pid()!;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(events).toHaveLength(2), { timeout: 10_000 });
  expect(events).toEqual([
    'worker ended (SIGKILL); starting it again in 0.25 s',
    `worker runs again (pid ${worker.pid()})`,
  ]);
  expect(worker.pid()).not.toBe(first);
  expect(readRecords(folder).worker?.pid).toBe(worker.pid());
});

test('one that dies again and again is given more time each time', async () => {
  const worker = await startSupervised(planScript('test -e ready && exit 1; touch ready; exec sleep 300'));
  onTestFinished(worker.stop);
  process.kill(worker.pid()!, 'SIGKILL');
  const waits = () => events.flatMap((line) => /again in (\S+) s/.exec(line)?.[1] ?? []);
  await vi.waitFor(() => expect(waits().length).toBeGreaterThanOrEqual(3), { timeout: 20_000 });
  expect(waits().slice(0, 3)).toEqual(['0.25', '0.5', '1']);
});

test('one that ends before it is ready is an error with the end of its log', async () => {
  const starting = startSupervised(planScript('echo "no such flag"; exit 3'));
  await expect(starting).rejects.toThrow(/^worker ended while starting \(exit code 3\); .*\nno such flag$/s);
  expect(readRecords(folder)).toEqual({});
});

test('one that is not ready in time is an error, and is not left running', async () => {
  const starting = startSupervised(planScript('echo $$ > pid; exec sleep 300', { readyWithinMs: 300 }));
  await expect(starting).rejects.toThrow(/^worker is not ready after 0\.3 s/);
  expect(identifyProcess(Number(readFileSync(path.join(folder, 'pid'), 'utf8')))).toBeUndefined();
});

test('one that is cancelled before it is ready is ended; one that is ready goes on', async () => {
  const cancel = new AbortController();
  const steady = await startSupervised(planScript('touch ready; exec sleep 300', { cancel: cancel.signal }));
  onTestFinished(steady.stop);
  const isReady = async () => {
    cancel.abort(new Error('had enough'));
    return false;
  };
  const late = { name: 'late', isReady, cancel: cancel.signal };
  await expect(startSupervised(planScript('exec sleep 300', late))).rejects.toThrow('had enough');
  expect([Object.keys(readRecords(folder)), identifyProcess(steady.pid()!)?.pid]).toEqual([['worker'], steady.pid()]);
  await expect(startSupervised(planScript('touch started', late))).rejects.toThrow('had enough');
  expect(existsSync(path.join(folder, 'started'))).toBe(false);
});

test('one that does not want to stop is killed after its grace', async () => {
  const worker = await startSupervised(planScript('trap "" TERM; touch ready; while :; do sleep 0.1; done'));
  const pid = worker.pid()!;
  await worker.stop();
  expect(identifyProcess(pid)).toBeUndefined();
});

test("the log of the run before is kept beside this run's", async () => {
  writeFileSync(path.join(folder, 'worker.log'), 'before');
  const worker = await startSupervised(planScript('echo now; touch ready; exec sleep 300'));
  await worker.stop();
  expect(readFileSync(path.join(folder, 'worker.previous.log'), 'utf8')).toBe('before');
  expect(readFileSync(path.join(folder, 'worker.log'), 'utf8')).toBe('now\n');
});

test('one that is restarted on purpose is back without a wait; only an unexpected end has a return', async () => {
  let returns = 0;
  const worker = await startSupervised(planScript('touch ready; exec sleep 300', { onReturn: () => returns++ }));
  onTestFinished(worker.stop);
  const first = worker.pid()!;
  await worker.restart();
  await vi.waitFor(() => expect(events).toEqual([`worker runs again (pid ${worker.pid()})`]), { timeout: 10_000 });
  expect([worker.pid() !== first, returns]).toEqual([true, 0]);
  process.kill(worker.pid()!, 'SIGKILL');
  await vi.waitFor(() => expect(returns).toBe(1), { timeout: 10_000 });
  await worker.stop();
  await worker.restart();
  expect(worker.pid()).toBeUndefined();
});

describe.skipIf(!canMount())('on a disk that is full', () => {
  beforeEach(() => mountSmallDisk(folder));
  afterEach(() => unmount(folder));

  test('a process that dies is started again, and is stopped, though neither can be noted', async () => {
    const worker = await startSupervised(planScript('touch ready; exec sleep 300'));
    onTestFinished(worker.stop);
    fillDisk(folder);
    process.kill(worker.pid()!, 'SIGKILL');
    await vi.waitFor(() => expect(events.at(-1)).toBe(`worker runs again (pid ${worker.pid()})`), { timeout: 10_000 });
    const pid = worker.pid()!;
    expect(events.filter((line) => /cannot be noted in .*: ENOSPC/.test(line))).toHaveLength(1);
    await worker.stop();
    expect(identifyProcess(pid)).toBeUndefined();
  });

  test('a large log makes room instead of taking more', () => {
    const log = path.join(folder, 'large.log');
    writeFileSync(log, Buffer.alloc(8192));
    fillDisk(folder);
    rotateIfLarge(log, 4096);
    expect([statSync(log).size, existsSync(path.join(folder, 'large.previous.log'))]).toEqual([0, false]);
  });
});
