// What a lost connection leaves open: whether the API server took the Job or not. The idempotency key settles it.
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { cluster, kubeconfig, listJobs, type SubmittedJob } from '../mesh.ts';
import { type ApiCall, startFaultProxy } from './fault-proxy.ts';
import { startIsolatedTier } from './isolated-tier.ts';

const callers = 200;

async function startTierBehindProxy(replicas = 1) {
  const proxy = await startFaultProxy(kubeconfig);
  onTestFinished(() => proxy.stop());
  const tier = await startIsolatedTier({ cluster, kubeconfig: proxy.kubeconfig, job: 'sleep 1', replicas });
  return { proxy, ...tier };
}

const isCreation = ({ method, path }: ApiCall) => method === 'POST' && path.endsWith('/jobs');

async function postKeyed(front: string, key: string, body = '{"dataset":"mnist"}') {
  const headers = { 'idempotency-key': key, 'content-type': 'application/json' };
  const answer = await fetch(`${front}/free`, { method: 'POST', headers, body });
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: (await answer.json()) as SubmittedJob & { code?: string },
  };
}

/** What a client with a key does: repeats what was answered with 503, after the time that it was told. */
async function postUntilTaken(front: string, key: string) {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const answer = await postKeyed(front, key);
    if (answer.status !== 503) return answer;
    expect(answer.body.code).toBe('cluster_unavailable');
    await new Promise((resolve) => setTimeout(resolve, Number(answer.retryAfter) * 1_000));
  }
  throw new Error('not taken in 10 attempts');
}

test('200 concurrent posts with one key make one Job, though the answers of the API server are lost', async () => {
  const { proxy, namespace, fronts } = await startTierBehindProxy();
  let lost = 0;
  proxy.faultFor = (call) => (isCreation(call) && lost++ < 2 * callers ? 'lose-answer' : undefined);
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: callers }, () => postUntilTaken(fronts[0]!, key)));
  expect(lost).toBeGreaterThan(10);
  expect(answers.map(({ status }) => status)).toEqual(Array(callers).fill(200));
  const jobs = await listJobs(namespace);
  expect(jobs).toHaveLength(1);
  expect(new Set(answers.map(({ body }) => body.id))).toEqual(new Set([jobs[0]!.metadata!.name]));
});

test('so they do when connections are cut right after the request went out, across two replicas', async () => {
  const { proxy, namespace, fronts } = await startTierBehindProxy(2);
  let cut = 0;
  proxy.faultFor = (call) => (isCreation(call) && cut++ % 2 === 0 ? 'cut' : undefined);
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: callers }, (_, caller) => postUntilTaken(fronts[caller % 2]!, key)),
  );
  expect(cut).toBeGreaterThan(0);
  const jobs = await listJobs(namespace);
  expect(jobs).toHaveLength(1);
  expect(answers.map(({ status, body }) => [status, body.id])).toEqual(
    Array(callers).fill([200, jobs[0]!.metadata!.name]),
  );
  const other = await postKeyed(fronts[0]!, key, '{"dataset":"kmnist"}');
  expect([other.status, other.body.code]).toEqual([422, 'key_reused']);
});

test('a post without a key makes one Job too, though its answer is lost: the name is chosen before', async () => {
  const { proxy, namespace, fronts } = await startTierBehindProxy();
  let lost = 0;
  proxy.faultFor = (call) => (isCreation(call) && lost++ < 2 ? 'lose-answer' : undefined);
  const answer = await fetch(`${fronts[0]}/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
  expect(answer.status).toBe(200);
  const jobs = await listJobs(namespace);
  expect(jobs.map(({ metadata }) => metadata!.name)).toEqual([((await answer.json()) as { id: string }).id]);
  expect(lost).toBeGreaterThan(0);
});
