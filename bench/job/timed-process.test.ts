import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measure } from './timed-process.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'timed-process-'));
});
afterEach(() => rm(folder, { recursive: true }));

const training = `
  console.log('Epoch [1/1], Step [100/200], Loss: 0.5');
  setTimeout(() => {
    console.log('Epoch [1/1], Step [200/200], Loss: 0.4');
    console.log('Accuracy of the network on the 10K test images: 97.96 %');
  }, 200);`;

test('a process is timed as a whole, and from its first to its last line of progress', async () => {
  const measured = await measure(process.execPath, ['-e', training]);
  expect(measured.accuracy).toBe(97.96);
  expect(measured.trainingSeconds).toBeGreaterThan(0.1);
  expect(measured.seconds).toBeGreaterThan(measured.trainingSeconds);
});

test('waiting takes time, but no CPU time', async () => {
  const { seconds, cpuSeconds } = await measure('sleep', ['0.5']);
  expect([seconds > 0.5, cpuSeconds < 0.25]).toEqual([true, true]);
});

test('computing takes CPU time', async () => {
  const compute = 'const cpu = process.cpuUsage; while (cpu().user + cpu().system < 200_000);';
  expect((await measure(process.execPath, ['-e', compute])).cpuSeconds).toBeGreaterThan(0.15);
});

test('the exact accuracy of the termination message counts before the one that was printed', async () => {
  const message = join(folder, 'message');
  const script = `${training} require('node:fs').writeFileSync(process.env.TERMINATION_MESSAGE_PATH, '{"accuracy": 97.5}')`;
  const measured = await measure(process.execPath, ['-e', script], { TERMINATION_MESSAGE_PATH: message });
  expect([measured.accuracy, await readdir(folder)]).toEqual([97.5, []]);
});

test('a program that fails is an error with its own words', async () => {
  const script = "console.error('error: no data'); process.exitCode = 3";
  await expect(measure(process.execPath, ['-e', script])).rejects.toThrow(/ended with 3: error: no data$/);
});

test('a program that is not there is an error', async () => {
  await expect(measure(join(folder, 'nothing'), [])).rejects.toThrow(/nothing ended with 127: .*not found$/);
});
