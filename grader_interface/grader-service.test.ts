import { startServiceProcess } from '@ml-job-mesh/http-service/testing/service-process.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startStubApiServer } from './testing/stub-api-server.ts';

test('a grader interface that starts while the API is down says so, and recovers by itself', async () => {
  const stub = await startStubApiServer();
  onTestFinished(() => stub.stop());
  await stub.goAway();
  const grader = await startServiceProcess(['grader_interface.ts'], stub.kubeconfig);
  const ask = async (path: string) => {
    const answer = await fetch(grader.url + path);
    return [path, answer.status, Number(answer.headers.get('retry-after')) > 0];
  };
  await vi.waitFor(async () => expect(await ask('/healthz')).toEqual(['/healthz', 200, false]), {
    timeout: 20_000,
    interval: 100,
  });
  for (const path of ['/config', '/readyz', '/free/resource-quota', '/premium/resource-quota']) {
    expect(await ask(path)).toEqual([path, 503, true]);
  }
  // Graders know these two by their shape, which has no 503.
  for (const path of ['/free/logs', '/premium/logs']) expect(await ask(path)).toEqual([path, 500, false]);

  await stub.comeBack();
  await vi.waitFor(async () => expect(await ask('/config')).toEqual(['/config', 200, false]), {
    timeout: 20_000,
    interval: 100,
  });
  expect(await ask('/free/logs')).toEqual(['/free/logs', 404, false]);
  expect([grader.exitCode(), await grader.stop()]).toEqual([null, 0]);
});
