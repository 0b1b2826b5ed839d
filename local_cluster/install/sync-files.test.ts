import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { syncFiles } from './sync-files.ts';

const synced: string[] = [];
vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  const fsyncSync = (descriptor: number) => {
    synced.push(readlinkSync(`/proc/self/fd/${descriptor}`));
    original.fsyncSync(descriptor);
  };
  return { ...original, fsyncSync };
});

test('without a program that syncs, each file and folder is synced, files before the folder that lists them', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sync-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin', 'program'), 'x');
  vi.stubEnv('PATH', path.join(folder, 'bin'));
  await syncFiles(folder);
  expect(synced).toEqual([path.join(folder, 'bin', 'program'), path.join(folder, 'bin'), folder]);
});
