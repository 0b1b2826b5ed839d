// The service as a process of its own, asked over connections.
import { startServiceProcess } from '@ml-job-mesh/http-service/testing/service-process.ts';
import { expect, test, vi } from 'vitest';
import { pngOf } from './testing/request-bodies.ts';
import { createTestStore } from './testing/test-store.ts';

const image = pngOf(new Uint8Array(784));

test('the service waits for its models, answers, and finishes what it has begun when it is stopped', async () => {
  const store = createTestStore();
  // 300 matrices of 784 × 784: a call that lasts.
  const settings = { MODEL_FOLDER: store.folder, DRAIN_MS: '500' };
  const service = await startServiceProcess(['prediction_service/server.ts'], '', settings);
  const post = () => fetch(`${service.url}/predict`, { method: 'POST', body: image });
  await vi.waitFor(async () => expect((await fetch(`${service.url}/ping`)).status).toBe(200), { timeout: 20_000 });
  const early = await post();
  expect([early.status, Number(early.headers.get('retry-after')) > 0]).toEqual([503, true]);
  store.publish({ detours: 300 });
  await vi.waitFor(async () => expect((await post()).status).toBe(200), { timeout: 20_000 });
  const last = Promise.all(Array.from({ length: 20 }, post));
  await vi.waitFor(async () => expect((await fetch(`${service.url}/ping`)).status).toBe(200));
  const code = await service.stop();
  expect([(await last).map(({ status }) => status), code]).toEqual([Array(20).fill(200), 0]);
});

test('a setting that cannot be used is named', async () => {
  const service = await startServiceProcess(['prediction_service/server.ts'], '', { METRICS_PORT: 'x' });
  await vi.waitFor(() => expect(service.exitCode()).toBe(1), { timeout: 20_000 });
  expect(service.output()).toContain('prediction service: METRICS_PORT is "x"; it has to be a whole number');
});
