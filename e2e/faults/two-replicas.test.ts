import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askJson, clearJobs, cluster, listJobs, observeOutcomes, observePods, post, waitForStatus } from '../mesh.ts';
import { servicePods } from './service-pods.ts';

const scale = '/apis/apps/v1/namespaces/free-tier/deployments/free-tier/scale';

/** Waits until the free tier has this many replicas, all of them ready, and no others. */
async function scaleTo(replicas: number): Promise<void> {
  await cluster.patch(scale, { spec: { replicas } });
  await vi.waitFor(
    async () => {
      const ready = (await servicePods('free')).map(
        ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status,
      );
      expect(ready).toEqual(Array(replicas).fill('True'));
    },
    { timeout: 90_000, interval: 200 },
  );
}

beforeEach(clearJobs);
afterEach(() => scaleTo(1));

test('two replicas admit and record at once: no job runs twice, the order is kept, and each has one result', async () => {
  await scaleTo(2);
  const pods = await observePods('free-service');
  const outcomes = await observeOutcomes('free-service');
  const jobs = [];
  for (let count = 0; count < 8; count++) jobs.push(await post('/free', { dataset: 'mnist', pretrained: true }));
  const ids = jobs.map(({ id }) => id);
  const ended = await Promise.all(ids.map((id) => waitForStatus(id, 'succeeded', 'failed')));
  expect(ended.map(({ status }) => status)).toEqual(Array(8).fill('succeeded'));

  expect(pods.order).toEqual(ids);
  expect(pods.mostLive).toBe(2);
  // Both write the outcome of each job; whoever is second finds it written, and changes nothing.
  await vi.waitFor(() => expect(ids.map((id) => outcomes.get(id)?.length)).toEqual(Array(8).fill(1)), {
    timeout: 30_000,
  });
  expect(ids.map((id) => JSON.parse(outcomes.get(id)![0]!).result)).toEqual(ended.map(({ result }) => result));
  expect((await listJobs('free-service')).map(({ metadata }) => metadata!.name).sort()).toEqual(ids.toSorted());

  // Whichever is asked, the answer is the same.
  const lists = await Promise.all(Array.from({ length: 10 }, () => askJson<{ jobs: unknown[] }>('/free/jobs')));
  for (const list of lists) expect(list.jobs).toEqual(ended.toReversed());
});
