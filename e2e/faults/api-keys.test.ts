// API keys through the whole mesh: the component's patches are applied to the mesh that runs, and taken back.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { V1Deployment } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { ask, type Config, clearJobs, cluster, grader, type SubmittedJob } from '../mesh.ts';
import { deployments, type ServiceName, servicePods } from './service-pods.ts';

const keyed = {
  free: 'free-tier',
  premium: 'premium-tier',
  grader: 'grader-interface',
  backend: 'ml-backend',
} as const;
const services = Object.keys(keyed) as (keyof typeof keyed & ServiceName)[];
const keyOf = (client: string) => `key-of-${client}`;
const as = (client: string) => ({ authorization: `Bearer ${keyOf(client)}` });
const timeout = 120_000;

const deploymentPath = (service: ServiceName) =>
  `/apis/apps/v1/namespaces/${deployments[service].namespace}/deployments/${deployments[service].name}`;
const secretsPath = (service: ServiceName) => `/api/v1/namespaces/${deployments[service].namespace}/secrets`;

/** Changes a Deployment's pods, and waits until only new ones are there. */
async function rollOut(service: ServiceName, body: object, type: 'strategic' | 'json'): Promise<void> {
  const before = new Set((await servicePods(service)).map(({ metadata }) => metadata!.uid));
  await cluster.patch(deploymentPath(service), body, { type });
  await vi.waitFor(
    async () => {
      const { metadata, status } = await cluster.get<V1Deployment>(deploymentPath(service));
      expect((await servicePods(service)).filter((pod) => before.has(pod.metadata!.uid))).toEqual([]);
      expect(status).toMatchObject({ observedGeneration: metadata!.generation, replicas: 1, availableReplicas: 1 });
    },
    { timeout, interval: 500 },
  );
}

const templates = new Map<ServiceName, unknown>();

beforeAll(async () => {
  await clearJobs();
  const lines = ['ann', 'bob'].map(
    (client) => `${client}:${createHash('sha256').update(keyOf(client)).digest('hex')}\n`,
  );
  await Promise.all(services.map((service) => askForKeys(service, lines.join(''))));
}, 5 * timeout);

afterAll(async () => {
  const restored = [...templates].map(async ([service, value]) => {
    await rollOut(service, [{ op: 'replace', path: '/spec/template', value }], 'json');
    await cluster.delete(`${secretsPath(service)}/api-keys`);
  });
  await Promise.all(restored);
  await clearJobs();
}, 5 * timeout);

/** Gives a service the clients' keys, and its Deployment what the component adds to it. */
async function askForKeys(service: keyof typeof keyed, apiKeys: string): Promise<void> {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'api-keys' },
    stringData: { 'api-keys': apiKeys },
  };
  await cluster.create(secretsPath(service), secret);
  const { spec } = await cluster.get<V1Deployment>(deploymentPath(service));
  templates.set(service, spec!.template);
  const file = new URL(`../../manifests/components/api-keys/${keyed[service]}.yaml`, import.meta.url);
  await rollOut(service, parse(readFileSync(file, 'utf8')), 'strategic');
}

async function submitAs(client: string): Promise<SubmittedJob> {
  const body = '{"dataset":"mnist","pretrained":true}';
  const answer = await ask('/free', { method: 'POST', body, headers: as(client) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as SubmittedJob;
}

test('with API keys, a client sees its own jobs only, through the mesh', async () => {
  const ofAnn = await submitAs('ann');
  const ofBob = await submitAs('bob');
  for (const [client, own] of [
    ['ann', ofAnn],
    ['bob', ofBob],
  ] as const) {
    await vi.waitFor(
      async () => {
        const answer = await ask(`/free/jobs/${own.id}`, { headers: as(client) });
        expect((await answer.json()) as SubmittedJob).toMatchObject({ status: 'succeeded' });
      },
      { timeout },
    );
    const { jobs } = (await (await ask('/free/jobs', { headers: as(client) })).json()) as { jobs: SubmittedJob[] };
    expect(jobs.map(({ id }) => id)).toEqual([own.id]);
  }
  for (const path of ['', '/logs', '/events']) {
    expect((await ask(`/free/jobs/${ofBob.id}${path}`, { headers: as('ann') })).status).toBe(404);
  }
  expect((await ask(`/free/jobs/${ofBob.id}`, { method: 'DELETE', headers: as('ann') })).status).toBe(404);

  const followed = await ask(`/free/jobs/${ofBob.id}/logs?follow=true`, { headers: as('ann') });
  expect(followed.status).toBe(404);
  const premium = (await (await ask('/premium/jobs', { headers: as('ann') })).json()) as { jobs: SubmittedJob[] };
  expect(premium.jobs).toEqual([]);
  // What one client clears is its own.
  expect((await ask('/premium/jobs?all=true', { method: 'DELETE', headers: as('bob') })).status).toBe(200);

  const config = (await (await ask('/config', { headers: as('ann') })).json()) as Config;
  const jobPods = config.pods.filter(({ namespace }) => namespace === 'free-service').map(({ name }) => name);
  expect(jobPods).toEqual([expect.stringContaining(ofAnn.id)]);
  expect(config.pods.map(({ namespace }) => namespace)).toEqual(expect.arrayContaining(['web-tier', 'free-tier']));

  const newest = await (await ask('/free/logs', { headers: as('ann') })).text();
  expect(newest).toBe(await (await ask(`/free/jobs/${ofAnn.id}/logs`, { headers: as('ann') })).text());
}, 300_000);

test('with API keys, whoever has one may predict, and others see that the backend is alive', async () => {
  const { models } = (await (await ask('/models', { headers: as('ann') })).json()) as { models: { name: string }[] };
  expect(models.map(({ name }) => name)).toContain('mnist-cnn');
  const blank = Array.from({ length: 28 }, () => Array(28).fill(0));
  const request = { method: 'POST', body: JSON.stringify({ image: blank }) };
  expect((await ask('/predict', { ...request, headers: as('bob') })).status).toBe(200);
  for (const path of ['/models', '/models/mnist-cnn']) expect((await ask(path)).status).toBe(401);
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
    const { status, headers: given } = await ask('/predict', { ...request, headers });
    expect([status, given.get('www-authenticate')]).toEqual([401, 'Bearer realm="ml-job-mesh"']);
  }
  for (const path of ['/', '/ping', '/docs']) expect([path, (await ask(path)).status]).toEqual([path, 200]);
});

test('without a known key, nothing that tells of jobs is answered, through the front or at the grader interface', async () => {
  const paths = ['/config', '/free/logs', '/premium/logs', '/free/jobs', '/free/queue', '/premium/jobs'];
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
    for (const path of paths) {
      const answer = await ask(path, { headers });
      expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([
        path,
        401,
        'Bearer realm="ml-job-mesh"',
      ]);
    }
    for (const path of paths.slice(0, 3)) expect((await fetch(grader + path, { headers })).status).toBe(401);
  }
  for (const path of ['/healthz', '/free/healthz', '/free/readyz', '/free/resource-quota']) {
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
  }
});
