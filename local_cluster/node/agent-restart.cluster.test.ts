// What becomes of pods when the node agent is killed, or is told to end, and comes back. These tests know where the agent
// is, and that whoever supervises it starts it again; everything else they see through the API.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endAgent, findAgent } from './testing/agent-under-test.ts';
import { shell, statusOf, until, useNamespace } from './testing/cluster-under-test.ts';

const pods = useNamespace('restart');
const nodeName = 'node-1';
const folder = mkdtempSync(join(tmpdir(), 'agent-restart-'));
const volumes = [{ name: 'marks', hostPath: { path: folder } }];
const volumeMounts = [{ name: 'marks', mountPath: '/marks' }];
function marks(name: string): string[] {
  try {
    return readFileSync(join(folder, name), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const create = (name: string, script: string, more: Parameters<typeof pods.create>[2] = {}) =>
  pods.create(name, [shell(script, { volumeMounts })], { nodeName, volumes, ...more });

describe('an agent that is killed and comes back', () => {
  test('finds a container that runs on, and loses nothing of it', async () => {
    await create('long', 'echo start >> /marks/long; for i in $(seq 50); do echo "line $i"; sleep 0.1; done; exit 4');
    await pods.waitForRunning('long');
    await endAgent(nodeName, 'SIGKILL');
    const pod = await pods.waitForEnd('long');
    expect(statusOf(pod)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 4, reason: 'Error' } } });
    expect(marks('long')).toEqual(['start']);
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i + 1}\n`);
    expect(await pods.readLog('long')).toBe(lines.join(''));
  });

  test('reports what ended while it was away', async () => {
    await create('short', 'sleep 0.3; echo done > /dev/termination-log; echo end >> /marks/short');
    await pods.waitForRunning('short');
    await endAgent(nodeName, 'SIGKILL');
    await until(() => marks('short').length > 0, 'the end of the container');
    const pod = await pods.waitForEnd('short');
    expect(statusOf(pod)?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed', message: 'done\n' });
  });

  test('ends what was deleted while it was away', async () => {
    await create('deleted', 'trap "echo end >> /marks/deleted; exit 0" TERM; while :; do sleep 0.05; done');
    await pods.waitForRunning('deleted');
    await endAgent(nodeName, 'SIGKILL');
    await pods.delete('deleted');
    await pods.waitUntilGone('deleted');
    expect(marks('deleted')).toEqual(['end']);
  });

  test('keeps a ready pod ready, with its address', async () => {
    const readinessProbe = { exec: { command: ['true'] }, periodSeconds: 1 };
    await pods.create('service', [shell('sleep 600', { readinessProbe })], {
      nodeName,
      restartPolicy: 'Always',
    });
    const before = await pods.waitFor('service', (pod) => statusOf(pod)?.ready, 'it to be ready');
    await endAgent(nodeName, 'SIGKILL');
    await findAgent(nodeName);
    await create('after', 'true');
    await pods.waitForEnd('after');
    const pod = await pods.get('service');
    expect(pod.status?.podIP).toBe(before.status?.podIP);
    expect(pod.status?.conditions).toEqual(before.status?.conditions);
    expect(statusOf(pod)).toEqual(statusOf(before));
    await pods.delete('service', { gracePeriodSeconds: 0 });
  });

  test('runs no pod twice and loses none, however often it is killed between', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `many-${i}`);
    const creating = (async () => {
      for (const name of names) {
        await create(name, `echo ${name} >> /marks/many; sleep 0.2`);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })();
    for (let kills = 0; kills < 4; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await endAgent(nodeName, 'SIGKILL');
    }
    await creating;
    const ended = await Promise.all(names.map((name) => pods.waitForEnd(name)));
    expect(ended.map(({ status }) => status?.phase)).toEqual(names.map(() => 'Succeeded'));
    expect(marks('many').sort()).toEqual([...names].sort());
  });
});

describe('an agent that is told to end', () => {
  test('fails what is never restarted, and starts the rest again when it is back', async () => {
    await create('job', 'echo job >> /marks/job; exec sleep 600');
    await create('server', 'echo server >> /marks/server; exec sleep 600', { restartPolicy: 'Always' });
    await Promise.all(['job', 'server'].map(pods.waitForRunning));
    await endAgent(nodeName, 'SIGTERM');
    const job = await pods.get('job');
    expect(job.status).toMatchObject({
      phase: 'Failed',
      reason: 'Terminated',
      message: 'Pod was terminated in response to imminent node shutdown.',
    });
    expect(statusOf(job)?.state?.terminated?.exitCode).toBe(143);
    const server = await pods.waitFor(
      'server',
      (pod) => statusOf(pod)?.restartCount === 1 && statusOf(pod)?.state?.running,
      'the server to run again',
    );
    expect(statusOf(server)?.lastState?.terminated?.exitCode).toBe(143);
    expect(marks('job')).toEqual(['job']);
    expect(marks('server')).toEqual(['server', 'server']);
    await pods.delete('server', { gracePeriodSeconds: 0 });
  });
});
