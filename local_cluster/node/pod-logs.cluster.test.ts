import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import {
  cluster,
  createPod,
  podPath,
  readLogs,
  shell,
  until,
  useNamespace,
  waitForEnd,
  waitForPod,
} from './cluster-under-test.ts';

const namespace = useNamespace('logs');

describe('the log of a container', () => {
  test('is complete, however long it and its lines are', async () => {
    const lines = 20_000;
    const script = `i=0; while [ $i -lt ${lines} ]; do echo "line $i of a log that is long enough"; i=$((i+1)); done; head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'no end of line'`;
    await createPod(namespace, 'long', [shell(script)]);
    await waitForEnd(namespace, 'long');
    const expected = Array.from({ length: lines }, (_, i) => `line ${i} of a log that is long enough`);
    const log = await readLogs(namespace, 'long');
    expect(log === [...expected, 'x'.repeat(100_000), 'no end of line'].join('\n')).toBe(true);
  });

  test('can be had from its end, and only so much of it', async () => {
    await createPod(namespace, 'tail', [shell('for i in 1 2 3 4 5; do echo "line $i"; done')]);
    await waitForEnd(namespace, 'tail');
    expect(await readLogs(namespace, 'tail', { tailLines: 2 })).toBe('line 4\nline 5\n');
    expect(await readLogs(namespace, 'tail', { tailLines: 0 })).toBe('');
    expect(await readLogs(namespace, 'tail', { tailLines: 100 })).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
    expect(await readLogs(namespace, 'tail', { limitBytes: 8 })).toBe('line 1\nl');
  });

  test('can be had with times, and from a time on', async () => {
    await createPod(namespace, 'times', [shell('echo early; sleep 2.5; echo late')]);
    await waitForEnd(namespace, 'times');
    const lines = (await readLogs(namespace, 'times', { timestamps: true })).trim().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['early', 'late']);
    const [early, late] = lines.map((line) => Date.parse(line.split(' ')[0]!));
    expect(late! - early!).toBeGreaterThan(2_000);
    const sinceTime = new Date(early! + 1_000).toISOString().replace(/\.\d+/, '');
    expect(await readLogs(namespace, 'times', { sinceTime })).toBe('late\n');
  });

  test('can be followed from before its first line until the container ends', async () => {
    await createPod(namespace, 'follow', [shell('sleep 0.3; echo one; sleep 0.3; echo two')]);
    await waitForPod(namespace, 'follow', ({ status }) => status?.phase === 'Running', 'it to run');
    const stream = await cluster.stream(`${podPath(namespace, 'follow')}/log`, { query: { follow: true } });
    expect(await text(stream)).toBe('one\ntwo\n');
  });

  test('gives a line to who follows as soon as it is written', async () => {
    await createPod(namespace, 'soon', [shell('echo first; sleep 30')], { terminationGracePeriodSeconds: 0 });
    await waitForPod(namespace, 'soon', ({ status }) => status?.phase === 'Running', 'it to run');
    const stream = await cluster.stream(`${podPath(namespace, 'soon')}/log`, { query: { follow: true } });
    let seen = '';
    stream.on('data', (chunk) => {
      seen += chunk;
    });
    stream.on('error', () => undefined);
    await until(() => seen === 'first\n', 'the line, while the container runs');
    stream.destroy();
    await cluster.delete(podPath(namespace, 'soon'), { gracePeriodSeconds: 0 });
  });

  test('is refused with a reason where there is none', async () => {
    await createPod(namespace, 'once', [shell('echo once')]);
    await waitForEnd(namespace, 'once');
    await expect(readLogs(namespace, 'once', { previous: true })).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('previous terminated container "main" in pod "once" not found'),
    });
  });
});
