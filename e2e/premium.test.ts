import { beforeEach, expect, test } from 'vitest';
import { clearJobs, listPods, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

test('premium jobs start at once while the free tier is full, in both of their namespaces', async () => {
  for (let count = 0; count < 4; count++) await post('/free', { dataset: 'mnist', epochs: 20 });
  const premium = [
    await post('/premium', { dataset: 'mnist', epochs: 1 }),
    await post('/img-classification/premium', { dataset: 'mnist', epochs: 1 }),
  ];
  expect(premium.map(({ namespace }) => namespace)).toEqual(['premium-service', 'default']);
  for (const { id } of premium) await waitForStatus(id, 'running', 'succeeded');
  expect(await listPods('premium-service')).toHaveLength(1);
  expect(await listPods('default')).toHaveLength(1);
  for (const { id } of premium)
    expect(await waitForStatus(id, 'succeeded', 'failed')).toMatchObject({ status: 'succeeded', model: 'cnn' });
});

test('there is no limit on premium pods: more are made than there are processors', async () => {
  const jobs = await Promise.all(Array.from({ length: 6 }, () => post('/premium', { dataset: 'mnist', epochs: 1 })));
  await expect.poll(() => listPods('premium-service').then((pods) => pods.length)).toBe(6);
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(6);
});
