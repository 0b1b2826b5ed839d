// What becomes of pods whose records a power loss has left empty. These tests know where a node keeps them, and that
// whoever supervises its agent starts it again; everything else they see through the API.
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endAgent, findAgent, stateOf } from '../testing/agent-under-test.ts';
import { shell, statusOf, until, useNamespace } from '../testing/cluster-under-test.ts';

const pods = useNamespace('damaged');
const nodeName = 'node-1';
const lasting = { nodeName, restartPolicy: 'Always' as const, terminationGracePeriodSeconds: 1 };

beforeAll(async () => {
  await pods.create('bystander', [shell('sleep 600')], lasting);
  await pods.waitForRunning('bystander');
});

afterAll(() => pods.delete('bystander', { gracePeriodSeconds: 0 }));

/** Truncates a record of the pod to nothing, ends the agent, and gives the process of the next one. */
async function damage(podName: string, record: string): Promise<number> {
  const { metadata } = await pods.get(podName);
  const state = stateOf(await findAgent(nodeName));
  truncateSync(join(state, 'pods', metadata!.uid!, record));
  await endAgent(nodeName, 'SIGKILL');
  return findAgent(nodeName);
}

/** The agent is the same still, and runs other pods: one from before, which it has left alone, and a new one. */
async function expectNodeUnharmed(agent: number, name: string): Promise<void> {
  await pods.create(`after-${name}`, [shell('true')], { nodeName });
  expect((await pods.waitForEnd(`after-${name}`)).status?.phase).toBe('Succeeded');
  expect(statusOf(await pods.get('bystander'))).toMatchObject({ restartCount: 0, state: { running: {} } });
  expect(await findAgent(nodeName)).toBe(agent);
}

test.each([
  ['pod', 'pod.json'],
  ['config', 'containers/main/0/config.json'],
  ['started', 'containers/main/0/started.json'],
])('a pod that runs goes on without its record (%s), at its address, and can be ended', async (name, record) => {
  await pods.create(name, [shell('sleep 600')], lasting);
  const before = await pods.waitForRunning(name);
  const uid = before.metadata!.uid!;
  const agent = await damage(name, record);
  await expectNodeUnharmed(agent, name);
  const after = await pods.get(name);
  expect(after.status?.podIP).toBe(before.status?.podIP);
  expect(statusOf(after)).toMatchObject({ restartCount: 0, state: { running: {} } });
  const started = join(stateOf(agent), 'pods', uid, 'containers/main/0/started.json');
  const { pid } = JSON.parse(readFileSync(started, 'utf8'));
  await pods.delete(name);
  await pods.waitUntilGone(name);
  await until(() => !isAlive(pid), 'the end of its process');
});

test('a container whose end is not on record any more counts as lost', async () => {
  const containers = [shell('exit 0'), { ...shell('sleep 600'), name: 'other' }];
  await pods.create('exit', containers, { nodeName, terminationGracePeriodSeconds: 1 });
  await pods.waitFor('exit', (pod) => statusOf(pod)?.state?.terminated && statusOf(pod, 'other')?.state?.running);
  const agent = await damage('exit', 'containers/main/0/exit.json');
  await expectNodeUnharmed(agent, 'exit');
  const pod = await pods.waitFor('exit', (found) => statusOf(found)?.state?.terminated?.exitCode === 137);
  expect(statusOf(pod)?.state?.terminated?.reason).toBe('ContainerStatusUnknown');
  expect(statusOf(pod, 'other')).toMatchObject({ restartCount: 0, state: { running: {} } });
  await pods.delete('exit', { gracePeriodSeconds: 0 });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
