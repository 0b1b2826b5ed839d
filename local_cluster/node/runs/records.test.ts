import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTicksOf } from './records.ts';

test('a process that has ended counts as gone, also while nobody has collected its end', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [pid] = await once(parent.stdout, 'data');
  expect(startTicksOf(parent.pid!)).toEqual(expect.any(Number));
  await vi.waitFor(() => expect(startTicksOf(Number(pid))).toBeUndefined(), { timeout: 10_000 });
  process.kill(Number(pid), 0); // Its number is still taken.
});
