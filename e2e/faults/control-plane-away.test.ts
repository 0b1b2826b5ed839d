import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  ask,
  type Config,
  clearJobs,
  cluster,
  front,
  jobNamespaces,
  kubeconfig,
  listJobs,
  listPods,
  post,
  waitForStatus,
} from '../mesh.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { expectGradersTold, expectSamePods, type GradersRead, gradersPaths, readAsGrader } from './graders-reads.ts';
import { startIsolatedTier } from './isolated-tier.ts';
import { outage } from './outage.ts';
import { countRestarts } from './service-pods.ts';

const outageMs = 20_000;
const rightWithinMs = 10_000;
/** Jobs, pods and quotas: each begins anew after 0.1, 0.2, 0.4, … 2 s, less a jitter of up to a half. */
const watches = 3;
const mostWatchesPerSecond = 6 * watches;

interface Answer {
  at: number;
  status: number;
  retryAfter: number;
  type: string | null;
  id: string | undefined;
}

beforeEach(clearJobs);

async function call(url: string, options: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, options);
  const text = await answer.text();
  return {
    at: performance.now(),
    status: answer.status,
    retryAfter: Number(answer.headers.get('retry-after')),
    type: answer.headers.get('content-type'),
    id: answer.status === 200 && options.method === 'POST' ? JSON.parse(text).id : undefined,
  };
}

/** Sends requests at a steady pace until it is stopped; none waits for another. */
function startLoad(perSecond: number, send: () => Promise<void>) {
  const sent: Promise<unknown>[] = [];
  // What went wrong is thrown when the load is stopped.
  const timer = setInterval(() => sent.push(send().catch((error: Error) => error)), 1_000 / perSecond);
  onTestFinished(() => clearInterval(timer));
  return async () => {
    clearInterval(timer);
    const failed = (await Promise.all(sent)).find((outcome) => outcome instanceof Error);
    if (failed) throw failed;
    return sent.length;
  };
}

/** A client that wants one job: repeats the same post with the same key for as long as it is told to. */
async function postUntilTaken(url: string, answers: Answer[]): Promise<string> {
  const headers = { 'idempotency-key': randomUUID() };
  for (;;) {
    const answer = await call(url, { method: 'POST', headers, body: '{"dataset":"mnist","pretrained":true}' });
    answers.push(answer);
    if (answer.id !== undefined) return answer.id;
    expect(answer).toMatchObject({ status: 503, type: expect.stringContaining('application/problem+json') });
    expect(answer.retryAfter).toBeGreaterThanOrEqual(1);
    await sleep(answer.retryAfter * 1_000);
  }
}

/** The most that fell into any one second. */
function mostPerSecond(times: number[]): number {
  return Math.max(0, ...times.map((time) => times.filter((other) => other >= time && other < time + 1_000).length));
}

test.each([
  { component: 'kube-apiserver' as const, readsStop: true },
  // The API server goes on watching for its clients, and nothing can change meanwhile: what is read is true.
  { component: 'etcd' as const, readsStop: false },
])(
  '$component may be killed and stay away for 20 s under load',
  async ({ component, readsStop }) => {
    const proxy = await startFaultProxy(kubeconfig);
    onTestFinished(() => proxy.stop());
    const tier = await startIsolatedTier({ cluster, kubeconfig: proxy.kubeconfig, job: 'sleep 1' });
    const restartsBefore = await countRestarts();
    const { id: logged } = await post('/free', { dataset: 'mnist', pretrained: true });
    await waitForStatus(logged, 'succeeded');
    await expect.poll(async () => (await ask('/free/logs')).status).toBe(200);
    const writes: Answer[] = [];
    const reads: Answer[] = [];
    const gradersReads: GradersRead[] = [];
    const ids = { own: [] as string[], mesh: [] as string[] };
    const paths = ['/free/queue', '/premium/jobs', '/free/jobs', '/premium/queue'];
    const stopLoad = [
      startLoad(4, async () => void ids.own.push(await postUntilTaken(`${tier.fronts[0]}/free`, writes))),
      startLoad(1, async () => void ids.mesh.push(await postUntilTaken(`${front}/free`, writes))),
      startLoad(8, async () => void reads.push(await call(front + paths[reads.length % paths.length]!))),
      ...gradersPaths.map((path) => startLoad(2, async () => void gradersReads.push(await readAsGrader(path)))),
    ];
    await vi.waitFor(() => expect(ids.own.length).toBeGreaterThan(8), { timeout: 20_000 });

    const { from, to, readyAt } = await outage(component, outageMs);

    // Everything is right again: the tiers say so, the queue moves, and graders are shown that it does.
    const podsThen = new Set((await listPods(tier.namespace)).map(({ metadata }) => metadata!.name));
    await vi.waitFor(
      async () => {
        const tiers = [`${front}/free`, `${front}/premium`, `${tier.fronts[0]}/free`];
        const ready = await Promise.all(tiers.map((url) => call(`${url}/readyz`)));
        expect(ready.map(({ status }) => status)).toEqual([200, 200, 200]);
        const { pods } = (await (await ask('/config')).json()) as Config;
        expect(pods.some(({ namespace, name }) => namespace === tier.namespace && !podsThen.has(name))).toBe(true);
        for (const path of gradersPaths) expect([path, (await ask(path)).status]).toEqual([path, 200]);
      },
      { timeout: rightWithinMs - (performance.now() - readyAt), interval: 100 },
    );
    const sent = await Promise.all(stopLoad.map((stop) => stop()));

    // Meanwhile it was 503, with a time to come again, and nothing else.
    const all = [...writes, ...reads];
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const refused = all.filter(({ status }) => status === 503);
    expect(refused.filter(({ retryAfter }) => retryAfter < 1)).toEqual([]);
    expect(refused.some(({ at }) => at > from && at < to)).toBe(true);
    const late = reads.filter(({ at }) => at > from + outageMs / 2 && at < to);
    expect(late.length).toBeGreaterThan(0);
    if (readsStop) expect(late.filter(({ status }) => status !== 503)).toEqual([]);
    expect(all.filter(({ at, status }) => at < from && status !== 200)).toEqual([]);
    expectGradersTold(gradersReads, { from, to, readsStop });
    await vi.waitFor(expectSamePods, { timeout: rightWithinMs, interval: 200 });

    // No reconnection storm, neither then nor when it came back.
    const watchTimes = proxy.calls
      .filter(({ method, isWatch, path }) => isWatch || (method === 'GET' && /(jobs|pods|quotas)$/.test(path)))
      .map(({ at }) => at);
    expect(mostPerSecond(watchTimes.filter((at) => at >= from))).toBeLessThanOrEqual(mostWatchesPerSecond);
    const duringOutage = watchTimes.filter((at) => at >= from && at < to).length;
    expect(duringOutage).toBeGreaterThanOrEqual(watches);
    expect(duringOutage / (outageMs / 1_000)).toBeLessThanOrEqual(1.5 * watches);

    // No accepted job is lost, none is there twice, and no service died.
    expect([ids.own.length, ids.mesh.length]).toEqual(sent.slice(0, 2));
    const own = (await listJobs(tier.namespace)).map(({ metadata }) => metadata!.name!);
    expect(own.sort()).toEqual([...ids.own].sort());
    const inMesh = (await Promise.all(jobNamespaces.map(listJobs))).flat().map(({ metadata }) => metadata!.name!);
    expect(inMesh.sort()).toEqual([logged, ...ids.mesh].sort());
    for (const namespace of [tier.namespace, ...jobNamespaces]) {
      const jobs = (await listPods(namespace)).map(({ metadata }) => metadata!.labels!['batch.kubernetes.io/job-name']);
      expect(jobs.length).toBe(new Set(jobs).size);
    }
    expect(tier.tiers.map(({ child }) => child.exitCode)).toEqual([null]);
    expect(await countRestarts()).toEqual(restartsBefore);
  },
  180_000,
);
