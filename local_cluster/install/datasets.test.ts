import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { prepareDataset } from './datasets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'datasets-test-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  // Instead of the Python that prepares the data.
  writeFileSync(path.join(folder, 'python'), '#!/bin/sh\nexit 0\n');
  chmodSync(path.join(folder, 'python'), 0o755);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

const context = { say: () => undefined, signal: new AbortController().signal };
const prepare = () => prepareDataset(context, path.join(folder, 'python'), 'kmnist', {});

test('a dataset is fetched from a source that has its files and shows no list of them', async () => {
  vi.stubGlobal('fetch', async (url: string) => new Response(null, { status: url.endsWith('/') ? 403 : 200 }));
  const { value, done } = await prepare();
  expect([path.basename(value!), done]).toEqual(['kmnist', 'fetched']);
});

test('one whose source has no such files is not available', async () => {
  vi.stubGlobal('fetch', async () => new Response(null, { status: 404 }));
  const { value, done } = await prepare();
  expect([value, done]).toEqual([undefined, expect.stringMatching(/^not reached from here/)]);
});
