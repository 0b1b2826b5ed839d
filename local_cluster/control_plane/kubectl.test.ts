import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findKubectl, runKubectl } from './kubectl.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kubectl-test-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that prints its name and its arguments. */
function put(name: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '#!/bin/sh\necho "$(basename "$0") $*"\n');
  chmodSync(file, 0o755);
  return file;
}

test('the kubectl on the PATH is taken, before one that was installed', async () => {
  put('bin/kubectl');
  mkdirSync(path.join(folder, 'empty', 'kubectl'), { recursive: true });
  vi.stubEnv('PATH', ['', 'relative', `${folder}/empty`, `${folder}/bin`, process.env.PATH].join(path.delimiter));
  const programs = findKubectl('/cache/control-plane');
  expect(programs).toBe(path.join(folder, 'bin'));
  expect(await runKubectl(programs, ['get', 'nodes'])).toBe('kubectl get nodes\n');
});

test('without one, the one that was installed is taken; its program is told which component to be', async () => {
  const installed = put('control-plane');
  const { PATH } = process.env;
  vi.stubEnv('PATH', path.join(folder, 'empty'));
  const programs = findKubectl(installed);
  vi.stubEnv('PATH', PATH);
  expect(await runKubectl(programs, ['get', 'nodes'])).toBe('control-plane kubectl get nodes\n');
});

test('where there is none at all, the message says how to get one', () => {
  vi.stubEnv('PATH', folder);
  expect(() => findKubectl(undefined)).toThrow(/--context needs kubectl, and there is none on the PATH\. Install it/);
});
