import { readFileSync, writeFileSync } from 'node:fs';
import { startServiceProcess } from '@ml-job-mesh/http-service/testing/service-process.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jobsPath } from './state/job-paths.ts';
import { startStubApiServer } from './testing/stub-api-server.ts';
import { quotas } from './testing/test-tier.ts';

const calls = [
  { method: 'GET', path: '/free/readyz' },
  { method: 'GET', path: '/free/jobs' },
  { method: 'GET', path: '/free/queue' },
  { method: 'GET', path: '/free/jobs/free-job-template-a' },
  { method: 'GET', path: '/free/jobs/free-job-template-a/logs' },
  { method: 'GET', path: '/free/jobs/free-job-template-a/events' },
  { method: 'DELETE', path: '/free/jobs/free-job-template-a' },
  { method: 'POST', path: '/free', body: '{"dataset":"mnist"}' },
];

test('a tier that starts while the API is down answers 503 with Retry-After, and recovers by itself', async () => {
  const stub = await startStubApiServer();
  onTestFinished(() => stub.stop());
  stub.create(quotas, { metadata: { name: 'quota' }, spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '2' } } });
  await stub.goAway();
  const tier = await startServiceProcess(['service.ts', 'free'], stub.kubeconfig);
  const isAlive = async () => {
    expect([tier.exitCode(), tier.output()]).toEqual([null, expect.anything()]);
    expect((await fetch(`${tier.url}/free/healthz`)).status).toBe(200);
  };
  await vi.waitFor(isAlive, { timeout: 20_000, interval: 100 });
  for (const { method, path, body } of calls) {
    const answer = await fetch(tier.url + path, { method, ...(body && { body }) });
    const { status, headers } = answer;
    const retryAfter = Number(headers.get('retry-after'));
    expect([method, path, status, retryAfter > 0, ((await answer.json()) as { code: string }).code]).toEqual([
      ...[method, path, 503, true, 'cluster_unavailable'],
    ]);
  }
  await isAlive();

  await stub.comeBack();
  await vi.waitFor(async () => expect((await fetch(`${tier.url}/free/readyz`)).status).toBe(200), {
    timeout: 20_000,
    interval: 100,
  });
  const posted = await fetch(`${tier.url}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
  expect(posted.status).toBe(200);
  await vi.waitFor(() => expect(stub.list(jobsPath('free-service'))[0]?.spec.suspend).toBe(false));
  expect(await tier.stop()).toBe(0);
});

test('a tier whose token is not there yet starts too, and goes on when it is', async () => {
  const stub = await startStubApiServer();
  onTestFinished(() => stub.stop());
  stub.create(quotas, { metadata: { name: 'quota' }, spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '2' } } });
  const config = JSON.parse(readFileSync(stub.kubeconfig, 'utf8'));
  const tokenFile = `${stub.kubeconfig}.token`;
  config.users[0].user = { tokenFile };
  writeFileSync(stub.kubeconfig, JSON.stringify(config));
  const tier = await startServiceProcess(['service.ts', 'free'], stub.kubeconfig);
  const ready = async () => {
    expect([tier.exitCode(), tier.output()]).toEqual([null, expect.anything()]);
    const answer = await fetch(`${tier.url}/free/readyz`);
    return [answer.status, Number(answer.headers.get('retry-after')) > 0];
  };
  const patience = { timeout: 20_000, interval: 100 };
  await vi.waitFor(async () => expect(await ready()).toEqual([503, true]), patience);
  writeFileSync(tokenFile, 'a token');
  await vi.waitFor(async () => expect(await ready()).toEqual([200, false]), patience);
});

test("JOB_IMAGE decides what a tier's Jobs run", async () => {
  const stub = await startStubApiServer();
  onTestFinished(() => stub.stop());
  const JOB_IMAGE = 'registry.example/model-config@sha256:0a1b2c';
  const tier = await startServiceProcess(['service.ts', 'free'], stub.kubeconfig, { JOB_IMAGE });
  const post = () => fetch(`${tier.url}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
  await vi.waitFor(async () => expect((await post()).status).toBe(200), { timeout: 20_000, interval: 100 });
  const [job] = stub.list(jobsPath('free-service'));
  expect(job.spec.template.spec.containers.map(({ image }: { image: string }) => image)).toEqual([JOB_IMAGE]);
});
