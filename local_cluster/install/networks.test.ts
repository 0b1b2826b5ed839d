import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { preparePhotoNetwork } from './networks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'networks-test-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes the place of Python: fails as pip does where no package index can be reached. */
function makePython(script: string): string {
  const program = path.join(folder, 'python');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

test('where its packages cannot be had, there is no network for photos, and a warning says why', async () => {
  const python = makePython('echo "ERROR: No matching distribution found for torchvision" >&2; exit 1');
  const context = { say: () => undefined, signal: new AbortController().signal };
  expect(await preparePhotoNetwork(context, python)).toEqual({
    value: undefined,
    warning: expect.stringMatching(
      /^not available, so photos are not classified; .*: `.*pip.*` failed \(exit code 1\): ERROR: No matching distribution/,
    ),
  });
});

test('an installation that is stopped meanwhile does not go on without the network for photos', async () => {
  const python = makePython('sleep 60');
  const stopping = new AbortController();
  const say = () => stopping.abort(new Error('stopped'));
  await expect(preparePhotoNetwork({ say, signal: stopping.signal }, python)).rejects.toThrow('stopped');
});
