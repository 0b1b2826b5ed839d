// A watch that breaks loudly is begun anew at once. These are the ways in which one breaks that nobody tells of.
import { expect, onTestFinished, test, vi } from 'vitest';
import { cluster, kubeconfig, observePods, type SubmittedJob } from '../mesh.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startIsolatedTier } from './isolated-tier.ts';

const healedWithinMs = 10_000;
/** For how long watches are refused. */
const refusedForMs = 5_000;
const places = 2;
/** Jobs, pods and quotas. */
const watches = 3;

/** As the API server ends a watch whose version it no longer has. */
const gone = JSON.stringify({
  type: 'ERROR',
  object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410, message: 'too old' },
});
/** As it answers a watch while its own storage is not ready. */
const notYet = {
  status: 429,
  headers: { 'retry-after': '1' },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'TooManyRequests', code: 429 }),
};

async function silence(proxy: FaultProxy): Promise<void> {
  expect(proxy.silenceWatches()).toBe(watches);
}

async function expire(proxy: FaultProxy): Promise<void> {
  const expired = new Set<string>();
  proxy.faultFor = ({ isWatch, path }) => {
    if (!isWatch || expired.has(path)) return undefined;
    expired.add(path);
    return { status: 200, body: `${gone}\n` };
  };
  expect(proxy.closeWatches()).toBe(watches);
  await vi.waitFor(() => expect(expired.size).toBe(watches), { timeout: healedWithinMs, interval: 50 });
}

async function refuse(proxy: FaultProxy, front: string): Promise<void> {
  let refused = 0;
  const until = performance.now() + refusedForMs;
  proxy.faultFor = ({ isWatch }) => {
    if (!isWatch || performance.now() > until) return undefined;
    refused++;
    return notYet;
  };
  expect(proxy.closeWatches()).toBe(watches);
  // Memory that is out of date is not passed off as the present.
  const stale = await vi.waitFor(
    async () => {
      const answer = await fetch(`${front}/free/jobs`);
      if (answer.status === 200) throw new Error('still fresh');
      return answer;
    },
    { timeout: refusedForMs, interval: 50 },
  );
  expect([stale.status, Number(stale.headers.get('retry-after'))]).toEqual([503, 2]);
  await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(until), { timeout: 2 * refusedForMs });
  // Each is told to wait a second, and does.
  expect(refused).toBeLessThanOrEqual((watches * refusedForMs) / 1_000 + watches);
}

test.each([
  { name: 'watches that fall silent without closing', inject: silence },
  { name: 'watches whose version is gone (410)', inject: expire },
  { name: 'watches that are refused (429)', inject: refuse },
])('$name are healed within 10 s, and jobs start in their order', async ({ inject }) => {
  const proxy = await startFaultProxy(kubeconfig);
  onTestFinished(() => proxy.stop());
  const tier = await startIsolatedTier({ cluster, kubeconfig: proxy.kubeconfig, job: 'sleep 2' });
  const pods = await observePods(tier.namespace);
  const ids: string[] = [];
  for (let count = 0; count < 6; count++) {
    const answer = await fetch(`${tier.fronts[0]}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
    ids.push(((await answer.json()) as SubmittedJob).id);
  }
  await vi.waitFor(() => expect(pods.order.length).toBeGreaterThanOrEqual(places), { timeout: 10_000 });
  await inject(proxy, tier.fronts[0]!);
  const injectedAt = performance.now();

  // Whatever the tier missed meanwhile, it has caught up with: the next job has its place.
  await vi.waitFor(() => expect(pods.order.length).toBeGreaterThan(places), { timeout: healedWithinMs });
  expect(performance.now() - injectedAt).toBeLessThan(healedWithinMs);
  await vi.waitFor(() => expect(pods.order).toEqual(ids), { timeout: 30_000 });
  expect(pods.mostLive).toBe(places);
  await vi.waitFor(async () => expect(await statuses(tier.fronts[0]!)).toEqual(Array(6).fill('succeeded')), {
    timeout: healedWithinMs,
    interval: 100,
  });
});

async function statuses(front: string): Promise<string[]> {
  const answer = (await (await fetch(`${front}/free/jobs`)).json()) as { jobs: { status: string }[] };
  return answer.jobs.map(({ status }) => status);
}
