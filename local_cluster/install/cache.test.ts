import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder, hashInputs, keep, requireRoom, withWorkFolder } from './cache.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'cache-test-'));
  vi.stubEnv('XDG_CACHE_HOME', base);
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
  const second = keep('thing', 'abc', async () => expect.unreachable('it was made twice'), onWait);
  await vi.waitFor(() => expect(onWait).toHaveBeenCalledTimes(1));
  finish.resolve();
  expect([(await first).fresh, (await second).fresh]).toEqual([true, false]);
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

test("a work folder goes with the work, read-only folders in it included, and so does a killed process's", async () => {
  const leftover = path.join(cacheFolder(), 'work-999999-1');
  mkdirSync(leftover);
  let folder = '';
  await withWorkFolder(async (given) => {
    folder = given;
    const readOnly = path.join(given, 'go-modules', 'module');
    mkdirSync(readOnly, { recursive: true });
    writeFileSync(path.join(readOnly, 'file'), '');
    chmodSync(readOnly, 0o500);
  });
  expect([existsSync(folder), existsSync(leftover)]).toEqual([false, false]);
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
