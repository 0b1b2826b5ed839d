import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findChanges, readMachineState } from './machine-state.ts';

function makeMachine(): { root: string; write: (name: string, value: string) => void } {
  const root = mkdtempSync(path.join(tmpdir(), 'machine-state-test-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (name: string, value: string) => {
    const file = path.join(root, 'proc/sys', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${value}\n`);
  };
  write('kernel/random/boot_id', 'first');
  write('kernel/panic', '0');
  write('vm/overcommit_memory', '0');
  mkdirSync(path.join(root, 'var/lib/cni'), { recursive: true });
  return { root, write };
}

test('a kernel setting and a folder that were otherwise before are named; nothing else is', () => {
  const { root, write } = makeMachine();
  const before = readMachineState(root);
  expect(findChanges(before, root)).toEqual([]);
  write('kernel/panic', '10');
  mkdirSync(path.join(root, 'var/log/pods'), { recursive: true });
  expect(findChanges(before, root)).toEqual([
    "the kernel's kernel.panic was 0 and is 10",
    'the folder /var/log/pods was not there before',
  ]);
});

test('settings from before a restart of the machine say nothing', () => {
  const { root, write } = makeMachine();
  const before = readMachineState(root);
  write('kernel/random/boot_id', 'second');
  write('kernel/panic', '10');
  expect(findChanges(before, root)).toEqual([]);
});
