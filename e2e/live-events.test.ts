// The streams of everything, as a page follows them: through Envoy and the sidecars.
import { listenToEvents } from '@ml-job-mesh/http-service/testing/event-listener.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { beforeEach, expect, test, vi } from 'vitest';
import type { ClusterView } from '../grader_interface/cluster-view.ts';
import { ask, askJson, clearJobs, front, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

const soon = { timeout: 30_000, interval: 100 };

test.each(['free', 'premium'] as const)(
  'whoever follows the events of the %s tier knows what a read would tell',
  async (tier) => {
    const { events, status } = await listenToEvents<Partial<Job> & { jobs?: Job[] }>(`${front}/${tier}/events`);
    expect(status).toBe(200);
    const { id } = await post(`/${tier}`, { dataset: 'mnist', epochs: 1 });
    const ended = await waitForStatus(id, 'succeeded');
    await vi.waitFor(() => expect(events.findLast(({ data }) => data.id === id)?.data).toEqual(ended), soon);
    const told = events.filter(({ event, data }) => event === 'job' && data.id === id).map(({ data }) => data);
    const statuses = told.map(({ status }) => status!).filter((each, i, all) => each !== all[i - 1]);
    expect(['queued', 'starting', 'running', 'succeeded']).toEqual(expect.arrayContaining(statuses));
    expect(statuses.slice(-2)).toEqual(['running', 'succeeded']);
    expect(told.some(({ progress }) => progress?.steps === 600)).toBe(true);
    await ask(`/${tier}/jobs`, { method: 'DELETE' });
    await vi.waitFor(
      () => expect(events.filter(({ event }) => event === 'removed').map(({ data }) => data)).toContainEqual({ id }),
      soon,
    );
  },
);

test('whoever follows the cluster sees the nodes, the services and a job on them, and the quota that it takes', async () => {
  const { events, status } = await listenToEvents<ClusterView>(`${front}/cluster/events`);
  expect(status).toBe(200);
  const { id } = await post('/free', { dataset: 'mnist', epochs: 1 });
  await vi.waitFor(() => {
    const { nodes, pods, quotas } = events.at(-1)!.data;
    expect(nodes.map(({ cpu_millis, ready, schedulable }) => [cpu_millis, ready, schedulable])).toEqual([
      [2_000, true, true],
      [2_000, true, true],
    ]);
    expect(pods.map(({ name }) => name?.replace(/-[a-z0-9]+-[a-z0-9]+$/, ''))).toEqual(
      expect.arrayContaining(['free-tier', 'premium-tier', 'grader-interface']),
    );
    const job = pods.find(({ name }) => name?.startsWith(id));
    expect(job).toMatchObject({ namespace: 'free-service', tier: 'free', status: 'Running', cpu_millis: 900 });
    expect(
      quotas.find(({ namespace, resource }) => namespace === 'free-service' && resource === 'requests.cpu'),
    ).toEqual(expect.objectContaining({ used: '900m', hard: '2', share: 0.45 }));
  }, soon);
  await waitForStatus(id, 'succeeded');
  await vi.waitFor(async () => expect(await askJson('/cluster')).toEqual(events.at(-1)!.data), soon);
  expect(events.at(-1)!.data.pods.filter(({ tier }) => tier !== null)).toEqual([]);
});
