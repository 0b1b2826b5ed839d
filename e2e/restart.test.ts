import { beforeEach, expect, test } from 'vitest';
import { servicePods } from './faults/service-pods.ts';
import { askJson, clearJobs, cluster, observeOutcomes, observePods, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

test('a tier that is killed comes back, and every accepted job ends, in order, once', async () => {
  const pods = await observePods('free-service');
  const outcomes = await observeOutcomes('free-service');
  const jobs = [];
  for (let count = 0; count < 4; count++) jobs.push(await post('/free', { dataset: 'mnist', epochs: 1 }));
  const ids = jobs.map(({ id }) => id);
  const killed = await servicePods('free');
  expect(killed).toHaveLength(1);
  // Grace 0 is as hard as a kill: nothing of the tier's has time for anything.
  const { name, namespace, uid } = killed[0]!.metadata!;
  await cluster.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0 });
  const isBack = async () => {
    const now = await servicePods('free');
    const ready = await askJson<{ status?: unknown }>('/free/readyz').catch(() => ({ status: 'no answer' }));
    return [now.length, now.some(({ metadata }) => metadata!.uid === uid), ready.status];
  };
  await expect.poll(isBack, { timeout: 60_000 }).toEqual([1, false, 'ok']);

  const ended = await Promise.all(ids.map((id) => waitForStatus(id, 'succeeded', 'failed')));
  expect(ended.map(({ status }) => status)).toEqual(Array(4).fill('succeeded'));
  // One pod a job, made in the order in which the jobs were accepted, never more than two at a time.
  expect(pods.order).toEqual(ids);
  expect(pods.mostLive).toBe(2);
  // One result a job: what is written on the Job never changes, and is what clients read.
  await expect.poll(() => ids.map((id) => outcomes.get(id)?.length), { timeout: 30_000 }).toEqual([1, 1, 1, 1]);
  const written = ids.map((id) => JSON.parse(outcomes.get(id)![0]!).result);
  expect(written).toEqual(ended.map(({ result }) => result));
  const { jobs: listed } = await askJson<{ jobs: { id: string }[] }>('/free/jobs');
  expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
});
