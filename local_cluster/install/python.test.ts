import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findPython } from './python.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'python-test-'));
  vi.stubEnv('PATH', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that answers as a Python of this version would. */
function putPython(name: string, version: string, hasVenv = true): void {
  const answer = ['/opt/python', ...version.split('.'), hasVenv ? 1 : 0].join('\\n');
  writeFileSync(path.join(folder, name), `#!/bin/sh\nprintf '${answer}\\n'\n`);
  chmodSync(path.join(folder, name), 0o755);
}

describe('Of the Pythons of this machine', () => {
  test('the first that is new enough and has venv is taken', async () => {
    putPython('python3', '3.9.2');
    putPython('python3.12', '3.12.4', false);
    putPython('python3.11', '3.11.7');
    expect(await findPython()).toEqual({ value: { program: '/opt/python', version: '3.11.7' } });
  });

  test('none is one line that says what, why and how to get it', async () => {
    await expect(findPython()).rejects.toThrow(
      /^jobs need Python 3\.11 or newer.*; there is none\. Install one, .*apt/,
    );
  });

  test('unfit ones are named', async () => {
    putPython('python3', '3.9.2');
    putPython('python3.12', '3.12.4', false);
    await expect(findPython()).rejects.toThrow('python3 is 3.9.2, python3.12 (3.12.4) has no venv module');
  });
});
