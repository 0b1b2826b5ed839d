import { getPriority } from 'node:os';
import { expect, test, vi } from 'vitest';
import { identifyProcess } from '../supervisor/process-identity.ts';
import { runCommand } from './run-command.ts';

test('gives what the program wrote, and shows both its outputs line by line', async () => {
  const lines: string[] = [];
  const written = await runCommand('sh', ['-c', 'echo one; echo two >&2; echo three'], {
    onLine: (line) => lines.push(line),
  });
  expect(written).toBe('one\nthree');
  expect(lines.sort()).toEqual(['one', 'three', 'two']);
});

test('a program that fails is one line with its reason', async () => {
  const failing = runCommand('sh', ['-c', 'echo "ERROR: no such package" >&2; echo "see the manual" >&2; exit 3']);
  await expect(failing).rejects.toThrow(/^`sh -c .*` failed \(exit code 3\): ERROR: no such package$/);
});

test('a program that is not there is an error', async () => {
  await expect(runCommand('no-such-program', [])).rejects.toThrow(/ENOENT/);
});

test('a program in the background, and what it starts, yields the processors to others', async () => {
  // Without an end if its priority stays as it was.
  const waiting = 'before=$1; until [ "$(nice)" -gt "$before" ]; do :; done; nice';
  const written = await runCommand('sh', ['-c', waiting, 'sh', String(getPriority())], { inBackground: true });
  expect(Number(written)).toBeGreaterThan(getPriority());
});

test('what the program has started ends with it when it is not wanted any more', async () => {
  const cancel = new AbortController();
  let grandchild = 0;
  const running = runCommand('sh', ['-c', 'sleep 300 & echo $!; wait'], {
    signal: cancel.signal,
    onLine: (line) => {
      grandchild = Number(line);
      cancel.abort();
    },
  });
  await expect(running).rejects.toThrow(/abort/i);
  expect(grandchild).toBeGreaterThan(0);
  await vi.waitFor(() => expect(identifyProcess(grandchild)).toBeUndefined());
});
