import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'packages-test-'));
  write('pnpm-lock.yaml', 'lockfileVersion: 1');
  write('pnpm-workspace.yaml', 'packages:\n  - part\nallowBuilds:\n  node: true\n');
  write('package.json', '{"dependencies":{"yaml":"2"}}');
  write('part/package.json', '{"dependencies":{"undici":"8"}}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), content);
}

/** Runs it with an `npx` that notes its arguments and ends with this code; gives what it was run with, `[]` if it was not. */
function install(exitCode = 0): string[] {
  const log = path.join(folder, 'calls');
  rmSync(log, { force: true });
  write('bin/npx', `#!/bin/sh\necho "$@" >> ${log}\nmkdir -p node_modules part/node_modules\nexit ${exitCode}\n`);
  // Notes what is synced, and what is there by then, rather than wait for all that this machine writes.
  write('bin/sync', `#!/bin/sh\necho "$@" > ${folder}/synced\nls -A "$2" >> ${folder}/synced\n`);
  for (const program of ['npx', 'sync']) chmodSync(path.join(folder, 'bin', program), 0o755);
  const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` };
  try {
    execFileSync(process.execPath, [path.join(import.meta.dirname, 'packages.mjs'), folder], { env });
  } catch (error) {
    expect((error as { status: number }).status).toBe(exitCode);
  }
  try {
    return readFileSync(log, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const done = ['--yes pnpm@12.21.0 install --frozen-lockfile'];

test('packages are installed once', () => {
  expect([install(), install()]).toEqual([done, []]);
});

test.each([
  ['the lockfile', 'pnpm-lock.yaml', 'lockfileVersion: 2'],
  ["a part's package.json", 'part/package.json', '{"dependencies":{"undici":"9"}}'],
  ['the workspace', 'pnpm-workspace.yaml', 'packages:\n  - part\n'],
])('they are installed again when %s has changed', (_, name, content) => {
  install();
  write(name, content);
  expect([install(), install()]).toEqual([done, []]);
});

test.each(['node_modules', 'part/node_modules'])('they are installed again when %s is gone', (name) => {
  install();
  rmSync(path.join(folder, name), { recursive: true });
  expect(install()).toEqual(done);
});

test('an installation that failed is tried again, also when an earlier one had succeeded', () => {
  install();
  write('pnpm-lock.yaml', 'lockfileVersion: 2');
  expect([install(3), install(), install()]).toEqual([done, done, []]);
});

test('the packages are on the disk before they count as installed', () => {
  install();
  expect(readFileSync(path.join(folder, 'synced'), 'utf8')).toBe(`-f ${path.join(folder, 'node_modules')}\n`);
});
