import { beforeEach, expect, test } from 'vitest';
import { ask, askJson, clearJobs, observePods, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

interface Queue {
  running: number;
  waiting: number;
  limit: number;
  recent_waits_seconds: number[];
}

test('five free jobs run two at a time, in order, no place stays empty for a second, and all have a result', async () => {
  const pods = await observePods('free-service');
  const jobs = [];
  for (let count = 0; count < 5; count++) jobs.push(await post('/free', { dataset: 'mnist', epochs: 1 }));
  expect(await askJson<Queue>('/free/queue')).toMatchObject({ limit: 2 });
  const ended = await Promise.all(jobs.map(({ id }) => waitForStatus(id, 'succeeded', 'failed')));
  expect(ended.map(({ status }) => status)).toEqual(Array(5).fill('succeeded'));
  for (const { result } of ended) {
    expect(result).toMatchObject({ test_images: 10_000 });
    expect(result!.accuracy).toBeGreaterThan(90);
  }
  expect(pods.order).toEqual(jobs.map(({ id }) => id));
  expect(pods.mostLive).toBe(2);
  expect(longestGap(pods.history, 5)).toBeLessThan(1_000);
  const { recent_waits_seconds } = await askJson<Queue>('/free/queue');
  expect(recent_waits_seconds).toHaveLength(5);
});

/** For how long fewer than two pods lived although jobs were still waiting, at most, in milliseconds. */
function longestGap(history: { at: number; live: number }[], jobCount: number): number {
  let longest = 0;
  let started = 0;
  let live = 0;
  let shortSince: number | undefined;
  for (const moment of history) {
    if (moment.live > live) started += moment.live - live;
    live = moment.live;
    if (live >= 2 || started >= jobCount) {
      if (shortSince !== undefined) longest = Math.max(longest, moment.at - shortSince);
      shortSince = undefined;
    } else if (started >= 2) shortSince ??= moment.at;
  }
  return longest;
}

test('an operator who changes the quota is followed at once, up and down', async () => {
  const quota = '/api/v1/namespaces/free-service/resourcequotas/free-tier-quota';
  const { cluster } = await import('./mesh.ts');
  const setCpu = (cpu: string) => cluster.patch(quota, { spec: { hard: { 'requests.cpu': cpu, 'limits.cpu': cpu } } });
  try {
    await setCpu('500m');
    await expect.poll(() => askJson<Queue>('/free/queue')).toMatchObject({ limit: 0 });
    const jobs = await Promise.all(Array.from({ length: 4 }, () => post('/free', { dataset: 'mnist', epochs: 20 })));
    expect(await askJson<Queue>('/free/queue')).toMatchObject({ running: 0, waiting: 4, limit: 0 });
    await setCpu('3');
    await expect.poll(() => askJson<Queue>('/free/queue')).toMatchObject({ running: 3, waiting: 1, limit: 3 });
    await setCpu('2');
    const running = (
      await Promise.all(jobs.map(({ id }) => askJson<{ id: string; status: string }>(`/free/jobs/${id}`)))
    ).filter(({ status }) => status !== 'queued');
    expect(running).toHaveLength(3);
    await ask(`/free/jobs/${running[0]!.id}`, { method: 'DELETE' });
    await expect.poll(() => askJson<Queue>('/free/queue')).toMatchObject({ running: 2, waiting: 1, limit: 2 });
  } finally {
    await setCpu('2');
  }
});

test('a cancelled job gives its place to the next, and stays as cancelled', async () => {
  const [first, , third] = [
    await post('/free', { dataset: 'mnist', epochs: 20 }),
    await post('/free', { dataset: 'mnist', epochs: 20 }),
    await post('/free', { dataset: 'mnist', epochs: 1 }),
  ];
  await waitForStatus(first.id, 'running');
  expect(await askJson(`/free/jobs/${third.id}`)).toMatchObject({ status: 'queued', queue_position: 1 });
  const answer = await ask(`/free/jobs/${first.id}`, { method: 'DELETE' });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    expect.objectContaining({ id: first.id, status: 'cancelled' }),
  ]);
  await waitForStatus(third.id, 'succeeded');
  expect((await ask(`/free/jobs/${first.id}`, { method: 'DELETE' })).status).toBe(200);
  expect(await askJson(`/free/jobs/${first.id}`)).toMatchObject({ status: 'cancelled', result: null, error: null });
  const late = await ask(`/free/jobs/${third.id}`, { method: 'DELETE' });
  expect([late.status, await late.json()]).toEqual([409, expect.objectContaining({ code: 'job_ended' })]);
});
