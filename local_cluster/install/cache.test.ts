import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tryLock } from '../supervisor/lock.ts';
import { cacheFolder, hashInputs, keep, keptFolder, removeUnused, requireRoom, withWorkFolder } from './cache.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'cache-test-'));
  vi.stubEnv('XDG_CACHE_HOME', base);
  // Notes what is synced, and what is there by then, rather than wait for all that this machine writes.
  writeFileSync(path.join(base, 'sync'), `#!/bin/sh\n(echo "$@"; ls "$2" "$2/..") > ${base}/synced\n`);
  chmodSync(path.join(base, 'sync'), 0o755);
  vi.stubEnv('PATH', `${base}:${process.env.PATH}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true, force: true });
});

test('what was made is found again, and is not made again', async () => {
  const make = vi.fn(async (folder: string) => writeFileSync(path.join(folder, 'content'), 'made'));
  const first = await keep('thing', 'abc', make);
  const second = await keep('thing', 'abc', make);
  expect(first).toEqual({ folder: path.join(base, 'ml-job-mesh', 'thing-abc'), fresh: true });
  expect(second).toEqual({ ...first, fresh: false });
  expect(make).toHaveBeenCalledTimes(1);
  expect(readFileSync(path.join(second.folder, 'content'), 'utf8')).toBe('made');
});

test('of two that want the same thing at once, one makes it and the other waits', async () => {
  const onWait = vi.fn();
  const finish = Promise.withResolvers<void>();
  const first = keep('thing', 'abc', () => finish.promise);
  const second = keep('thing', 'abc', async () => expect.unreachable('it was made twice'), { onWait });
  await vi.waitFor(() => expect(onWait).toHaveBeenCalledTimes(1));
  finish.resolve();
  expect([(await first).fresh, (await second).fresh]).toEqual([true, false]);
});

test('whoever waits for another one can be stopped', async () => {
  const finish = Promise.withResolvers<void>();
  const first = keep('thing', 'abc', () => finish.promise);
  const stop = new AbortController();
  const onWait = () => stop.abort(new Error('stopped'));
  const second = keep('thing', 'abc', async () => undefined, { onWait, signal: stop.signal });
  await expect(second).rejects.toThrow('stopped');
  finish.resolve();
  expect((await first).fresh).toBe(true);
});

test('what was made is on the disk before it is found under its name', async () => {
  let unfinished = '';
  await keep('thing', 'abc', async (given) => {
    unfinished = given;
    writeFileSync(path.join(given, 'content'), 'made');
  });
  const synced = readFileSync(path.join(base, 'synced'), 'utf8').trim().split('\n');
  expect(synced).toEqual([
    `-f ${unfinished}`,
    `${unfinished}:`,
    'content',
    '',
    `${unfinished}/..:`,
    path.basename(unfinished),
  ]);
});

test('what failed leaves nothing behind, and is tried again', async () => {
  const broken = keep('thing', 'abc', async (folder) => {
    writeFileSync(path.join(folder, 'half'), '');
    throw new Error('no network');
  });
  await expect(broken).rejects.toThrow('no network');
  expect(readdirSync(cacheFolder())).toEqual([]);
  expect((await keep('thing', 'abc', async () => undefined)).fresh).toBe(true);
});

test('a work folder goes with the work, read-only folders in it included', async () => {
  let folder = '';
  await withWorkFolder(async (given) => {
    folder = given;
    const readOnly = path.join(given, 'go-modules', 'module');
    mkdirSync(readOnly, { recursive: true });
    writeFileSync(path.join(readOnly, 'file'), '');
    chmodSync(readOnly, 0o500);
  });
  expect([existsSync(folder), readdirSync(cacheFolder())]).toEqual([false, []]);
});

/** A process that begins to keep a thing in this cache, and makes it until it is killed. */
async function startKeeping(): Promise<ChildProcess> {
  const program = `
    const { keep } = await import(${JSON.stringify(path.join(import.meta.dirname, 'cache.ts'))});
    const { writeFileSync } = await import('node:fs');
    await keep('thing', 'abc', (folder) => {
      writeFileSync(folder + '/half', '');
      console.log('making');
      return new Promise((resolve) => setTimeout(resolve, 1e6));
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

test('what a killed process has half made is never found, and is removed by the next one that makes something', async () => {
  const child = await startKeeping();
  const half = () => readdirSync(cacheFolder()).filter((name) => name.startsWith('thing-abc.making-'));
  expect([half().length, existsSync(keptFolder('thing', 'abc'))]).toEqual([1, false]);
  await keep('other', 'abc', async () => undefined);
  expect(half()).toHaveLength(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await keep('another', 'abc', async () => undefined);
  expect(half()).toEqual([]);
});

test('what a process elsewhere works on is left alone for a day', async () => {
  const elsewhere = path.join(cacheFolder(), 'thing-abc.making-anotherboot1234-7-8-ab12cd34');
  mkdirSync(elsewhere);
  await withWorkFolder(async () => undefined);
  expect(existsSync(elsewhere)).toBe(true);
  const old = new Date(Date.now() - 25 * 60 * 60 * 1000);
  utimesSync(elsewhere, old, old);
  await withWorkFolder(async () => undefined);
  expect(existsSync(elsewhere)).toBe(false);
});

test('where another one was first without being seen, its thing counts', async () => {
  const result = await keep('thing', 'abc', async (folder, final) => {
    writeFileSync(path.join(folder, 'content'), 'mine');
    mkdirSync(final);
    writeFileSync(path.join(final, 'content'), 'theirs');
  });
  expect([result.fresh, readFileSync(path.join(result.folder, 'content'), 'utf8')]).toEqual([false, 'theirs']);
  expect(readdirSync(cacheFolder())).toEqual(['thing-abc']);
});

test('what was not used for a month is removed; what was found since, is being made, or is not ours stays', async () => {
  const hashes = ['0', '1', '2'].map((digit) => digit.repeat(16));
  for (const hash of hashes) await keep('thing', hash, async () => undefined);
  mkdirSync(path.join(cacheFolder(), 'kubectl'));
  const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
  for (const name of readdirSync(cacheFolder())) utimesSync(path.join(cacheFolder(), name), longAgo, longAgo);
  await keep('thing', hashes[1]!, async () => expect.unreachable('it was made again'));
  const lock = await tryLock(keptFolder('thing', hashes[2]!));
  await removeUnused();
  await lock!.release();
  expect(readdirSync(cacheFolder()).sort()).toEqual(['kubectl', `thing-${hashes[1]}`, `thing-${hashes[2]}`]);
});

test('without XDG_CACHE_HOME it is in the home, and without a home that can be written to, in the project', () => {
  expect(cacheFolder({ HOME: base })).toBe(path.join(base, '.cache', 'ml-job-mesh'));
  const notAFolder = path.join(base, 'file');
  writeFileSync(notAFolder, '');
  expect(cacheFolder({ HOME: notAFolder })).toMatch(/node_modules\/\.cache\/ml-job-mesh$/);
});

test('the hash changes with any input', () => {
  const file = (content: string) => ({ file: '/x/go.mod', content: Buffer.from(content) });
  const hashes = [['a', 'b'], ['ab'], ['a', file('1')], ['a', file('2')]].map(hashInputs);
  expect(new Set(hashes).size).toBe(4);
  expect(hashInputs(['a', file('1')])).toBe(hashes[2]);
});

test('too little room is an error that says how much there is', () => {
  expect(() => requireRoom(1e6)).toThrow(/^needs 1000000 GB in .*, and [\d.]+ GB are free: make room/);
});
