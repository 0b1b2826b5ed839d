import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findPython, type Python } from './python.ts';
import { installRequirements, moveScripts, seePackagesOf } from './virtual-environment.ts';

const context = { say: () => undefined, signal: new AbortController().signal };
let folder: string;
let python: Python;
/** An environment with the pip that Python brings, so that nothing is fetched. */
let environment: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'environment-test-'));
  python = (await findPython()).value;
  environment = path.join(folder, 'environment');
  execFileSync(python.program, ['-m', 'venv', environment]);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A wheel of one module, `greeting`, with a program of that name; gives its folder and its hash. */
function makeWheel(): { wheels: string; sha256: string } {
  const wheels = mkdtempSync(path.join(folder, 'wheels-'));
  const file = path.join(wheels, 'greeting-1.0-py3-none-any.whl');
  const script = `
import sys, zipfile
info = "greeting-1.0.dist-info/"
files = {
    "greeting.py": "def main():\\n    print('hello')\\n",
    info + "METADATA": "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n",
    info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    info + "entry_points.txt": "[console_scripts]\\ngreeting = greeting:main\\n",
}
files[info + "RECORD"] = "".join(f"{name},,\\n" for name in [*files, info + "RECORD"])
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, content in files.items():
        wheel.writestr(name, content)
`;
  execFileSync(python.program, ['-c', script, file]);
  return { wheels, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

function writeLock(content: string): string {
  const file = path.join(mkdtempSync(path.join(folder, 'lock-')), 'requirements.txt');
  writeFileSync(file, content);
  return file;
}

test.each([
  [
    'a package whose file has another hash is refused',
    (sha256: string) => `greeting==1.0 --hash=sha256:${sha256.replaceAll(/./g, '0')}\n`,
    /DO NOT MATCH THE HASHES/,
  ],
  ['a package without a hash is refused', () => 'greeting==1.0\n', /Hashes are required/],
  [
    'a package without a version is refused',
    (sha256: string) => `greeting --hash=sha256:${sha256}\n`,
    /versions pinned with ==/,
  ],
])('%s', async (_, content, reason) => {
  const { wheels, sha256 } = makeWheel();
  const lock = writeLock(content(sha256));
  const program = path.join(environment, 'bin', 'python');
  const installing = installRequirements(context, program, [lock], ['--no-index', '--find-links', wheels]);
  const error = await installing.catch((error) => error);
  expect([error.message, ...error.lines].join('\n')).toMatch(reason);
  expect(() => execFileSync(program, ['-c', 'import greeting'], { stdio: 'ignore' })).toThrow();
});

test('one with the hash in the lock is installed, and its program runs where the environment is moved', async () => {
  const { wheels, sha256 } = makeWheel();
  const lock = writeLock(`greeting==1.0 --hash=sha256:${sha256}\n`);
  const options = ['--no-index', '--find-links', wheels];
  await installRequirements(context, path.join(environment, 'bin', 'python'), [lock], options);
  const moved = path.join(folder, 'moved');
  moveScripts(environment, moved);
  renameSync(environment, moved);
  expect(execFileSync(path.join(moved, 'bin', 'greeting'), { encoding: 'utf8' })).toBe('hello\n');

  const second = path.join(folder, 'second');
  execFileSync(python.program, ['-m', 'venv', '--without-pip', second]);
  const program = path.join(second, 'bin', 'python');
  seePackagesOf(program, path.join(moved, 'bin', 'python'));
  expect(execFileSync(program, ['-c', 'import greeting; greeting.main()'], { encoding: 'utf8' })).toBe('hello\n');
});
