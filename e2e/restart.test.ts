import { beforeEach, expect, test } from 'vitest';
import { askJson, clearJobs, cluster, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

test('a tier that is killed comes back, and every accepted job ends, in order, once', async () => {
  const jobs = [];
  for (let count = 0; count < 4; count++) jobs.push(await post('/free', { dataset: 'mnist', epochs: 1 }));
  const pods = await cluster.get<{ items: { metadata: { name: string } }[] }>('/api/v1/namespaces/free-tier/pods');
  // Grace 0 is as hard as a kill: nothing of the tier's has time for anything.
  for (const { metadata } of pods.items)
    await cluster.delete(`/api/v1/namespaces/free-tier/pods/${metadata.name}`, { gracePeriodSeconds: 0 });
  await expect
    .poll(() => askJson<{ status?: unknown }>('/free/readyz').catch(() => ({})), { timeout: 60_000 })
    .toEqual({ status: 'ok' });
  const ended = await Promise.all(jobs.map(({ id }) => waitForStatus(id, 'succeeded', 'failed')));
  expect(ended.map(({ status }) => status)).toEqual(Array(4).fill('succeeded'));
  const starts = ended.map(({ started_at }) => Date.parse(started_at!));
  expect(starts).toEqual([...starts].sort((left, right) => left - right));
  const { jobs: listed } = await askJson<{ jobs: { id: string }[] }>('/free/jobs');
  expect(listed.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).reverse());
});
