// What an operator does on a working day: restarts one service after the other, with clients at work.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ask, clearJobs, cluster, front, grader, jobNamespaces, listJobs, post, waitForStatus } from '../mesh.ts';
import { deployments, type ServiceName, servicePods } from './service-pods.ts';

const rolloutMs = 120_000;

/**
 * For how long a client may be refused while the front or the grader interface, whose ports are the machine's, passes its
 * port on to its successor. It is a matter of 20 ms where the machine has nothing else to do.
 */
const refusedForMs = 2_000;

/** What graders read, of the front and of the grader interface itself. */
const gradersPaths = ['/config', '/free/logs', '/premium/logs', '/free/resource-quota'];

const blankImage = Array.from({ length: 28 }, () => Array(28).fill(0));

beforeEach(clearJobs);

/** One request on a connection of its own. Rejects with the connection's own error. */
function send(method: string, url: string, body?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent: false });
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

interface Sent {
  method: string;
  url: string;
  body?: string | undefined;
  onTaken: (text: string) => void;
  onRefused: (url: string) => void;
}

/** Sends a request, again where the connection was refused, and in no other case. Gives what went wrong, if anything. */
async function sendUntilConnected({ method, url, body, onTaken, onRefused }: Sent): Promise<string | undefined> {
  const startedAt = performance.now();
  for (;;) {
    try {
      const { status, text } = await send(method, url, body);
      if (status !== 200) return `${method} ${url}: ${status} ${text}`;
      onTaken(text);
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED') return `${method} ${url}: ${code}`;
      const refusedMs = performance.now() - startedAt;
      if (refusedMs > refusedForMs) return `${method} ${url}: refused for ${Math.round(refusedMs)} ms`;
      onRefused(new URL(url).origin);
      await sleep(20);
    }
  }
}

/** `kubectl rollout restart`, and waits until only new pods are there. */
async function restart(service: ServiceName): Promise<void> {
  const { namespace, name } = deployments[service];
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
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

/** So that there is a log to be read of each tier. Gives the jobs' ids. */
async function runOneJobPerTier(): Promise<string[]> {
  const ids: string[] = [];
  for (const tier of ['free', 'premium']) {
    const { id } = await post(`/${tier}`, { dataset: 'mnist', pretrained: true });
    await waitForStatus(id, 'succeeded');
    await expect.poll(async () => (await ask(`/${tier}/logs`)).status).toBe(200);
    ids.push(id);
  }
  return ids;
}

test('services are restarted one after the other, and a client needs no more than to repeat a refused connection', async () => {
  const failures: string[] = [];
  const refusing = new Set<string>();
  const accepted = await runOneJobPerTier();
  const sent: Promise<unknown>[] = [];
  const ignore = () => undefined;
  const load = (perSecond: number, method: string, url: string, body?: string, onTaken: Sent['onTaken'] = ignore) => {
    const one = async () => {
      const onRefused = (origin: string) => refusing.add(origin);
      const failure = await sendUntilConnected({ method, url, body, onTaken, onRefused });
      if (failure) failures.push(failure);
    };
    const timer = setInterval(() => sent.push(one()), 1_000 / perSecond);
    onTestFinished(() => clearInterval(timer));
    return () => clearInterval(timer);
  };
  const stops = [
    load(10, 'GET', `${front}/free/queue`),
    load(10, 'GET', `${front}/premium/jobs`),
    ...gradersPaths.flatMap((path) => [load(2, 'GET', front + path), load(2, 'GET', grader + path)]),
    ...['/', '/models'].map((path) => load(5, 'GET', front + path)),
    load(2, 'POST', `${front}/predict`, JSON.stringify({ image: blankImage })),
    load(2, 'POST', `${front}/free`, '{"dataset":"mnist","pretrained":true}', (text) => {
      accepted.push(JSON.parse(text).id);
    }),
  ];
  for (const service of Object.keys(deployments) as ServiceName[]) {
    refusing.clear();
    await restart(service);
    expect([service, failures]).toEqual([service, []]);
    // A service behind the front is restarted unseen, and so is everything else while one restarts.
    if (service === 'grader' || service === 'front') refusing.delete(new URL({ grader, front }[service]).origin);
    expect([service, [...refusing]]).toEqual([service, []]);
  }
  for (const stop of stops) stop();
  await Promise.all(sent);
  expect(failures).toEqual([]);
  expect(accepted.length).toBeGreaterThan(10);
  const jobs = (await Promise.all(jobNamespaces.map(listJobs))).flat().map(({ metadata }) => metadata!.name!);
  expect(jobs.sort()).toEqual(accepted.sort());
}, 500_000);
