import { beforeEach, expect, test } from 'vitest';
import { askJson, clearJobs, listJobs, listPods, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

test('premium jobs start at once while the free tier is full, in both of their namespaces', async () => {
  for (let count = 0; count < 4; count++) await post('/free', { dataset: 'mnist', epochs: 20 });
  const isFull = () => expect.poll(() => askJson('/free/queue')).toMatchObject({ running: 2, waiting: 2, limit: 2 });
  await isFull();
  const premium = [
    await post('/premium', { dataset: 'mnist', epochs: 1 }),
    await post('/img-classification/premium', { dataset: 'mnist', epochs: 1 }),
  ];
  expect(premium.map(({ namespace, status }) => [namespace, status])).toEqual([
    ['premium-service', 'starting'],
    ['default', 'starting'],
  ]);
  for (const { id } of premium) await waitForStatus(id, 'running', 'succeeded');
  // Nobody had to leave for them: the free tier is as full as it was.
  await isFull();
  for (const { id, namespace } of premium) {
    expect((await listJobs(namespace)).map(({ metadata, spec }) => [metadata!.name, spec!.suspend])).toEqual([
      [id, false],
    ]);
    const pods = await listPods(namespace);
    expect(pods.map(({ metadata }) => metadata!.labels!['batch.kubernetes.io/job-name'])).toEqual([id]);
    expect(await waitForStatus(id, 'succeeded', 'failed')).toMatchObject({ status: 'succeeded', model: 'cnn' });
  }
});

test('there is no limit on premium pods: more are made than there are processors', async () => {
  const jobs = await Promise.all(Array.from({ length: 6 }, () => post('/premium', { dataset: 'mnist', epochs: 1 })));
  await expect.poll(() => listPods('premium-service').then((pods) => pods.length)).toBe(6);
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(6);
});
