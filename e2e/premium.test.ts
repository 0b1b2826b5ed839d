import { startWatchCache } from '@ml-job-mesh/cluster-client';
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  ask,
  askJson,
  clearJobs,
  cluster,
  listJobs,
  listPods,
  post,
  type SubmittedJob,
  waitForStatus,
} from './mesh.ts';

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

test('on a full cluster the next place is for premium, although free jobs have waited for longer, and nobody has to leave', async () => {
  // Two places for free jobs, and two for premium ones: all that the nodes have.
  const running = [
    await post('/free', { dataset: 'mnist', epochs: 20 }),
    await post('/free', { dataset: 'mnist', epochs: 20 }),
    await post('/premium', { dataset: 'mnist', epochs: 20 }),
    await post('/premium', { dataset: 'mnist', epochs: 20 }),
  ];
  for (const { id } of running) await waitForStatus(id, 'running');
  const queued = await post('/free', { dataset: 'mnist', epochs: 1 });
  const premium = await post('/premium', { dataset: 'mnist', epochs: 1 });
  const isFor =
    ({ id }: { id: string }) =>
    (pod: Pod) =>
      pod.metadata!.labels!['batch.kubernetes.io/job-name'] === id;
  await expect
    .poll(async () => (await listPods('premium-service')).find(isFor(premium))?.status?.conditions)
    .toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }]);

  const placed = await observePlaces();
  const placedOfWaiting = () => placed.filter((id) => [queued.id, premium.id].includes(id));
  const waitForPlaces = (...jobs: { id: string }[]) =>
    expect.poll(placedOfWaiting, { timeout: 30_000 }).toEqual(jobs.map(({ id }) => id));
  const [first, second, ...others] = running as [SubmittedJob, SubmittedJob];
  // The free tier fills the place in its queue at once, but that pod waits for a node.
  await ask(`/free/jobs/${first.id}`, { method: 'DELETE' });
  await waitForPlaces(premium);
  await expect.poll(() => askJson('/free/queue')).toMatchObject({ running: 2, waiting: 0 });
  const left = await Promise.all([second, ...others].map(({ id, tier }) => askJson<Job>(`/${tier}/jobs/${id}`)));
  expect(left.map(({ status }) => status)).not.toContain('failed');
  await ask(`/free/jobs/${second.id}`, { method: 'DELETE' });
  await waitForPlaces(premium, queued);
});

/** For the rest of the test, the Jobs whose pods were given a node, in that order. */
async function observePlaces(): Promise<string[]> {
  const places: string[] = [];
  const pods = startWatchCache<Pod>(cluster, { path: '/api/v1/pods' });
  onTestFinished(() => pods.stop());
  await pods.synced;
  pods.on('change', (_, { metadata, spec }) => {
    const job = metadata?.labels?.['batch.kubernetes.io/job-name'];
    if (job !== undefined && spec?.nodeName !== undefined && !places.includes(job)) places.push(job);
  });
  return places;
}
