import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tryLock } from './supervisor/lock.ts';
import { identifyProcess } from './supervisor/process-identity.ts';

test('a reset has the folder to itself until it is gone', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'reset-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // It stands for the shim of a container that takes its time to end.
  const script = `trap 'touch ${folder}/asked' USR1; touch ${folder}/listens; while :; do sleep 0.1; done`;
  const shim = spawn('sh', ['-c', script], { stdio: 'ignore' });
  onTestFinished(() => void shim.kill('SIGKILL'));
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'listens'))).toBe(true), { timeout: 10_000 });
  const state = path.join(folder, 'state');
  const run = path.join(state, 'node-1', 'pods', 'uid', 'containers', 'main', '0');
  mkdirSync(run, { recursive: true });
  const { pid, startTicks, bootId } = identifyProcess(shim.pid!)!;
  writeFileSync(path.join(run, 'started.json'), JSON.stringify({ shimPid: pid, shimTicks: startTicks, bootId }));

  const reset = spawn(process.execPath, [path.join(import.meta.dirname, 'reset.ts')], {
    env: { ...process.env, MESH_STATE: state },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void reset.kill('SIGKILL'));
  const output = text(reset.stdout);
  await vi.waitFor(() => expect(existsSync(path.join(folder, 'asked'))).toBe(true), { timeout: 20_000 });
  expect(await tryLock(state)).toBeUndefined();
  shim.kill('SIGKILL');
  await once(reset, 'exit');
  expect([reset.exitCode, await output, existsSync(state)]).toEqual([
    0,
    `Removed ${state}, after ending 1 processes of a killed run.\n`,
    false,
  ]);
});
