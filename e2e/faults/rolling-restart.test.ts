// What an operator does on a working day: restarts one service after the other, with clients at work.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { clearJobs, cluster, front, jobNamespaces, listJobs } from '../mesh.ts';
import { type ServiceName, serviceNamespaces, servicePods } from './service-pods.ts';

const rolloutMs = 120_000;

beforeEach(clearJobs);

/** One request on a connection of its own. Rejects with the connection's own error. */
function send(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(front + path, { method, agent: false });
    call.once('error', reject);
    call.once('response', async (response) => {
      let text = '';
      try {
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode!, text });
      } catch (error) {
        reject(error);
      }
    });
    call.end(body);
  });
}

/** Sends a request, again where the connection was refused, and in no other case. Gives what went wrong, if anything. */
async function sendUntilConnected(method: string, path: string, onTaken: (text: string) => void, body?: string) {
  for (let attempt = 1; attempt <= 600; attempt++) {
    try {
      const { status, text } = await send(method, path, body);
      if (status === 200) return onTaken(text);
      return `${method} ${path}: ${status} ${text}`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED') return `${method} ${path}: ${code}`;
      await sleep(100);
    }
  }
  return `${method} ${path}: refused for a minute`;
}

/** `kubectl rollout restart`, and waits until only new pods are there. */
async function restart(service: ServiceName): Promise<void> {
  const namespace = serviceNamespaces[service];
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${namespace}`;
  const before = new Set((await servicePods(service)).map(({ metadata }) => metadata!.uid));
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
  await cluster.patch(path, { spec: { template: { metadata: { annotations } } } });
  await vi.waitFor(
    async () => {
      const { status } = await cluster.get<V1Deployment>(path);
      const pods = await servicePods(service);
      expect(pods.filter(({ metadata }) => before.has(metadata!.uid))).toEqual([]);
      expect(status).toMatchObject({ replicas: 1, updatedReplicas: 1, readyReplicas: 1 });
    },
    { timeout: rolloutMs, interval: 200 },
  );
}

test('services are restarted one after the other, and a client needs no more than to repeat a refused connection', async () => {
  const failures: string[] = [];
  const accepted: string[] = [];
  const sent: Promise<unknown>[] = [];
  const load = (perSecond: number, method: string, path: string, body?: string) => {
    const onTaken = (text: string) => void (body && accepted.push(JSON.parse(text).id));
    const one = async () => {
      const failure = await sendUntilConnected(method, path, onTaken, body);
      if (failure) failures.push(failure);
    };
    const timer = setInterval(() => sent.push(one()), 1_000 / perSecond);
    onTestFinished(() => clearInterval(timer));
    return () => clearInterval(timer);
  };
  const stops = [
    load(10, 'GET', '/free/queue'),
    load(10, 'GET', '/premium/jobs'),
    load(2, 'POST', '/free', '{"dataset":"mnist","pretrained":true}'),
  ];
  for (const service of ['free', 'premium', 'front'] as const) {
    await restart(service);
    expect([service, failures]).toEqual([service, []]);
  }
  for (const stop of stops) stop();
  await Promise.all(sent);
  expect(failures).toEqual([]);
  expect(accepted.length).toBeGreaterThan(10);
  const jobs = (await Promise.all(jobNamespaces.map(listJobs))).flat().map(({ metadata }) => metadata!.name!);
  expect(jobs.sort()).toEqual(accepted.sort());
}, 400_000);
