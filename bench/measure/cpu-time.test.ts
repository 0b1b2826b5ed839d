import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { cpuMs, proportionalBytes, residentBytes, withDescendants } from './cpu-time.ts';

test("a process's own time and memory are what the process itself is told", () => {
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1_000;
  // Ticks of 10 ms, one for user and one for system time.
  expect(Math.abs(cpuMs([process.pid]) - own)).toBeLessThan(200);
  expect(residentBytes(process.pid) / process.memoryUsage().rss).toBeCloseTo(1, 0);
});

test('a process has its children and their children among its descendants', async () => {
  const shell = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await once(shell.stdout, 'data');
    const [itself, ...children] = withDescendants(shell.pid!);
    expect(itself).toBe(shell.pid);
    expect(children).toHaveLength(1);
    for (const child of children) process.kill(child);
  } finally {
    shell.kill();
  }
});

test('of shared memory a process has its part, and of its own memory all', async () => {
  const script = 'globalThis.own = Buffer.alloc(64e6, 1); console.log("filled"); setInterval(() => {}, 1e6)';
  const child = spawn(process.execPath, ['-e', script]);
  try {
    await once(child.stdout, 'data');
    const [part, held] = [proportionalBytes([child.pid!]), residentBytes(child.pid!)];
    expect([part > 64e6, part < held]).toEqual([true, true]);
  } finally {
    child.kill();
  }
});
