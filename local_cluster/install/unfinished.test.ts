import { mkdirSync, mkdtempSync, readdirSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { removeAbandoned } from './unfinished.ts';

/** Stands in for another user's folder: the tests may run as root, to whom nothing is denied. */
const denied = 'theirs-1.making-anotherboot1234-7-8-ab12cd34';
vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  const rmSync: typeof original.rmSync = (file, options) => {
    if (String(file).endsWith(denied)) throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    original.rmSync(file, options);
  };
  return { ...original, rmSync };
});

test("another user's unfinished folder, which cannot be removed, keeps nothing else from being removed", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'unfinished-test-'));
  const { rmSync: reallyRemove } = await vi.importActual<typeof import('node:fs')>('node:fs');
  onTestFinished(() => reallyRemove(folder, { recursive: true }));
  const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
  for (const name of [denied, 'zone-1.making-anotherboot1234-7-8-ab12cd34']) {
    mkdirSync(path.join(folder, name));
    utimesSync(path.join(folder, name), longAgo, longAgo);
  }
  removeAbandoned(folder);
  expect(readdirSync(folder)).toEqual([denied]);
});
