import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { shell, until, useNamespace } from '../testing/cluster-under-test.ts';

const pods = useNamespace('logs');

describe('the log of a container', () => {
  test('is complete, however long it and its lines are', async () => {
    const lines = 20_000;
    const script = `i=0; while [ $i -lt ${lines} ]; do echo "line $i of a log that is long enough"; i=$((i+1)); done; head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'no end of line'`;
    await pods.create('long', [shell(script)]);
    await pods.waitForEnd('long');
    const expected = Array.from({ length: lines }, (_, i) => `line ${i} of a log that is long enough`);
    const log = await pods.readLog('long');
    expect(log === [...expected, 'x'.repeat(100_000), 'no end of line'].join('\n')).toBe(true);
  });

  test('is complete, read and followed, when it has grown over several files', async () => {
    const lines = 200_000;
    const line = 'a line that, with its time, is long enough for its log to need two files or three';
    await pods.create('large', [shell(`sleep 0.5; yes '${line}' | head -n ${lines} | cat -n; sleep 2; echo end`)]);
    await pods.waitForRunning('large');
    const followed = await text(await pods.followLog('large'));
    const numbered = Array.from({ length: lines }, (_, i) => `${String(i + 1).padStart(6)}\t${line}\n`);
    expect(followed === `${numbered.join('')}end\n`).toBe(true);
    expect((await pods.readLog('large')) === followed).toBe(true);
    expect((await pods.readLog('large', { tailLines: 150_000 })) === `${numbered.slice(-149_999).join('')}end\n`).toBe(
      true,
    );
  });

  test('can be read from its end, and only so much of it', async () => {
    await pods.create('tail', [shell('for i in 1 2 3 4 5; do echo "line $i"; done')]);
    await pods.waitForEnd('tail');
    expect(await pods.readLog('tail', { tailLines: 2 })).toBe('line 4\nline 5\n');
    expect(await pods.readLog('tail', { tailLines: 0 })).toBe('');
    expect(await pods.readLog('tail', { tailLines: 100 })).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
    expect(await pods.readLog('tail', { limitBytes: 8 })).toBe('line 1\nl');
  });

  test('can be read with times, and from a time on', async () => {
    await pods.create('times', [shell('echo early; sleep 2.5; echo late')]);
    await pods.waitForEnd('times');
    const lines = (await pods.readLog('times', { timestamps: true })).trim().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['early', 'late']);
    const [early, late] = lines.map((line) => Date.parse(line.split(' ')[0]!));
    expect(late! - early!).toBeGreaterThan(2_000);
    const sinceTime = new Date(early! + 1_000).toISOString().replace(/\.\d+/, '');
    expect(await pods.readLog('times', { sinceTime })).toBe('late\n');
  });

  test('can be followed from before its first line until the container ends', async () => {
    await pods.create('follow', [shell('sleep 0.3; echo one; sleep 0.3; echo two')]);
    await pods.waitForRunning('follow');
    const stream = await pods.followLog('follow');
    expect(await text(stream)).toBe('one\ntwo\n');
  });

  test('gives a line to who follows as soon as it is written', async () => {
    await pods.create('soon', [shell('echo first; sleep 30')], { terminationGracePeriodSeconds: 0 });
    await pods.waitForRunning('soon');
    const stream = await pods.followLog('soon');
    let seen = '';
    stream.on('data', (chunk) => {
      seen += chunk;
    });
    stream.on('error', () => undefined);
    await until(() => seen === 'first\n', 'the line, while the container runs');
    stream.destroy();
    await pods.delete('soon', { gracePeriodSeconds: 0 });
  });

  test('is refused with a reason where there is none', async () => {
    await pods.create('once', [shell('echo once')]);
    await pods.waitForEnd('once');
    await expect(pods.readLog('once', { previous: true })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('previous terminated container "main" in pod "once" not found'),
    });
  });
});
