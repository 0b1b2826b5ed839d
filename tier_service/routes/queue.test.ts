import { expect, test, vi } from 'vitest';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { startTestTier } from '../testing/test-tier.ts';

const running = (startedAt: string) =>
  ({ phase: 'Running', containerStatuses: [{ name: 'classify', state: { running: { startedAt } } }] }) as never;

test('the queue says how long the last jobs waited, and is not silenced by cancellations', async () => {
  const { post, inject, index, putPod } = await startTestTier({ admits: true });
  const first = (await post({ dataset: 'mnist' })).json().id;
  await vi.waitFor(() => expect(index.get(first)?.state.status).toBe('starting'));
  putPod(first, running('2026-11-21T03:00:01Z'));
  const second = (await post({ dataset: 'mnist' })).json().id;
  await vi.waitFor(() => expect(index.get(second)?.state.status).toBe('starting'));
  for (let count = 0; count < 12; count++) {
    const { id } = (await post({ dataset: 'mnist' })).json();
    await inject({ method: 'DELETE', url: `/free/jobs/${id}` });
  }
  await vi.waitFor(() => expect(index.counts.cancelled).toBe(12));
  const { recent_waits_seconds: waits } = (await inject({ url: '/free/queue' })).json();
  expect(waits).toHaveLength(2);
  for (const wait of waits) expect(wait).toBeLessThan(30);
});

test('without a queue, a job has waited until its container runs', async () => {
  const tier = { ...premiumTier, places: [{ path: '/premium', namespace: 'free-service' }] as never };
  const { post, inject, index, putPod } = await startTestTier({ tier });
  const { id, created_at } = (await post({ dataset: 'mnist' }, {}, '/premium')).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  const waits = async () => (await inject({ url: '/premium/queue' })).json().recent_waits_seconds;
  expect(await waits()).toEqual([]);
  putPod(id, running(new Date(Date.parse(created_at) + 4_321).toISOString()));
  await vi.waitFor(async () => expect(await waits()).toEqual([4.321]));
});
