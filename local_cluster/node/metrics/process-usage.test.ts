import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readProcessTable } from './process-usage.ts';

/** A /proc with these processes: `ticks` are user, system, and the ended children's user and system time. */
function procWith(processes: { pid: number; parent: number; ticks: number[]; pages: number; name?: string }[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'proc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'self'));
  for (const { pid, parent, ticks, pages, name = 'program' } of processes) {
    const before = `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 0 0 0 0`;
    mkdirSync(join(folder, String(pid)));
    writeFileSync(
      join(folder, String(pid), 'stat'),
      `${before} ${ticks.join(' ')} 20 0 1 0 100 999999 ${pages} 184467\n`,
    );
  }
  return folder;
}

test("a container has used what its processes have, those that have ended included, and not its shim's own part", () => {
  const folder = procWith([
    { pid: 10, parent: 1, ticks: [500, 500, 100, 0], pages: 1_000 },
    { pid: 11, parent: 10, ticks: [200, 50, 25, 25], pages: 10, name: 'a ) program (' },
    { pid: 12, parent: 11, ticks: [100, 0, 0, 0], pages: 5 },
    { pid: 20, parent: 1, ticks: [900, 0, 0, 0], pages: 7 },
  ]);
  const table = readProcessTable(folder);
  expect(table.usageBelow(10)).toEqual({ cpuSeconds: 5, memoryBytes: 15 * 4096 });
  expect(table.usageOf(20)).toEqual({ cpuSeconds: 9, memoryBytes: 7 * 4096 });
  expect(table.usageBelow(99)).toEqual({ cpuSeconds: 0, memoryBytes: 0 });
});

test('the numbers are those of the machine', async () => {
  const script =
    'let x = 0; const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end) x++; console.log("done"); process.stdin.resume()';
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  await once(child.stdout!, 'data');
  const { cpuSeconds, memoryBytes } = readProcessTable().usageOf(child.pid!);
  expect(cpuSeconds).toBeGreaterThanOrEqual(0.3);
  expect(cpuSeconds).toBeLessThan(30);
  expect(memoryBytes).toBeGreaterThan(10e6);
});
