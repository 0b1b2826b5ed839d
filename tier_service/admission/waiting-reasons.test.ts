import { expect, test, vi } from 'vitest';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { jobs, pods, quotas, startTestTier, type TestTierOptions } from '../testing/test-tier.ts';

interface Waiting {
  status: string;
  waiting_reason: { code: string; message: string } | null;
}

async function startTier(options: TestTierOptions = {}) {
  const tier = await startTestTier({ admits: true, ...options });
  const post = async () => (await tier.post({ dataset: 'mnist' }, {}, `/${options.tier?.name ?? 'free'}`)).json().id;
  const read = async (path: string): Promise<Waiting> =>
    (await tier.inject({ url: `/${options.tier?.name ?? 'free'}/${path}` })).json();
  return { ...tier, post, read };
}

const setQuota = ({ stub }: { stub: Awaited<ReturnType<typeof startTestTier>>['stub'] }, cpu: string) =>
  stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': cpu, 'limits.cpu': cpu } } });

const noRoom = {
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/2 nodes are available: 2 Insufficient cpu.',
    },
  ],
} as never;

test('a job behind a full quota, the queue and the list say so', async () => {
  const { post, read, putPod } = await startTier();
  const ids = [await post(), await post(), await post()];
  for (const id of ids.slice(0, 2)) putPod(id, { phase: 'Running' });
  const reason = { code: 'quota_full', message: 'All places are taken: 2 of 2.' };
  await vi.waitFor(async () => {
    expect(await read(`jobs/${ids[2]}`)).toMatchObject({ status: 'queued', waiting_reason: reason });
    expect(await read('queue')).toMatchObject({ running: 2, waiting: 1, waiting_reason: reason });
  });
  const { jobs: listed } = (await read('jobs')) as unknown as { jobs: Waiting[] };
  expect(listed.map(({ waiting_reason }) => waiting_reason)).toEqual([reason, null, null]);
});

test('pods that are no jobs are named where they take the room in the quota', async () => {
  const { post, read, stub } = await startTier();
  const spec = { containers: [{ name: 'a', resources: { requests: { cpu: '1500m' }, limits: { cpu: '1500m' } } }] };
  stub.create(pods, { metadata: { name: 'foreign', namespace: 'free-service' }, spec, status: { phase: 'Running' } });
  const id = await post();
  const message = 'Pods that belong to no job of this tier take the room in the quota of free-service: foreign.';
  const reason = { code: 'quota_used_by_others', message };
  await vi.waitFor(async () => expect((await read(`jobs/${id}`)).waiting_reason).toEqual(reason));
  expect(await read('queue')).toMatchObject({ running: 0, waiting: 1, limit: 2, waiting_reason: reason });
});

test("a pod of the tier whose Job has just gone is not named: it is its client's business", async () => {
  const { post, read, stub } = await startTier();
  const spec = { containers: [{ name: 'a', resources: { requests: { cpu: '1500m' }, limits: { cpu: '1500m' } } }] };
  const metadata = {
    name: 'free-job-template-x',
    namespace: 'free-service',
    labels: { 'ml-job-mesh.io/tier': 'free' },
  };
  stub.create(pods, { metadata, spec, status: { phase: 'Running' } });
  const id = await post();
  const message = 'Pods that have just ended still count in the quota of free-service.';
  const reason = { code: 'quota_full', message };
  await vi.waitFor(async () => expect((await read(`jobs/${id}`)).waiting_reason).toEqual(reason));
});

test('a quota that is missing, or too small, is told', async () => {
  const tier = await startTier();
  setQuota(tier, '500m');
  const id = await tier.post();
  await vi.waitFor(async () => expect((await tier.read(`jobs/${id}`)).waiting_reason?.code).toBe('quota_too_small'));
  tier.stub.remove(quotas, 'quota', undefined);
  await vi.waitFor(async () => expect((await tier.read('queue')).waiting_reason?.code).toBe('quota_missing'));
});

test('a job that has its place and finds no node says so, and so do those behind it', async () => {
  const { post, read, putPod, index } = await startTier();
  const ids = [await post(), await post(), await post()];
  await vi.waitFor(() => expect(index.counts).toMatchObject({ starting: 2, queued: 1 }));
  for (const id of ids.slice(0, 2)) putPod(id, noRoom);
  await vi.waitFor(async () => expect((await read(`jobs/${ids[0]}`)).waiting_reason?.code).toBe('no_room'));
  const message = 'No node has room for it. Kubernetes says: 0/2 nodes are available: 2 Insufficient cpu.';
  expect(await read(`jobs/${ids[0]}`)).toMatchObject({
    status: 'starting',
    waiting_reason: { code: 'no_room', message },
  });
  const behind = { code: 'no_room', message: `Those ahead have places and cannot start. ${message}` };
  expect(await read(`jobs/${ids[2]}`)).toMatchObject({ status: 'queued', waiting_reason: behind });
  expect(await read('queue')).toMatchObject({ running: 2, waiting: 1, waiting_reason: behind });
  putPod(ids[0]!, { phase: 'Running' });
  await vi.waitFor(async () => expect((await read('queue')).waiting_reason?.code).toBe('quota_full'));
});

test('a request to start a job that the Kubernetes API refuses is told', async () => {
  const tier = await startTier();
  tier.stub.faultFor = ({ method, path }) =>
    method === 'PATCH' && path.startsWith(jobs)
      ? { status: 403, body: { kind: 'Status', status: 'Failure', reason: 'Forbidden' } }
      : undefined;
  const id = await tier.post();
  await vi.waitFor(async () =>
    expect((await tier.read(`jobs/${id}`)).waiting_reason).toEqual({
      code: 'start_refused',
      message: 'The Kubernetes API refuses the request to start it (Forbidden).',
    }),
  );
  tier.stub.faultFor = () => undefined;
  await vi.waitFor(async () => expect((await tier.read(`jobs/${id}`)).status).toBe('starting'), { timeout: 5_000 });
});

test('a tier without a queue tells of its own jobs that find no node', async () => {
  const place = { path: '/premium', namespace: 'free-service' } as const;
  const { post, read, putPod } = await startTier({ tier: { ...premiumTier, places: [place] } });
  const id = await post();
  await vi.waitFor(async () => expect((await read(`jobs/${id}`)).waiting_reason?.code).toBe('pod_not_made'));
  putPod(id, noRoom);
  await vi.waitFor(async () => expect((await read('queue')).waiting_reason?.code).toBe('no_room'));
  putPod(id, { phase: 'Running' });
  await vi.waitFor(async () => expect(await read('queue')).toMatchObject({ running: 1, waiting_reason: null }));
});

test('a client that waits for a change is answered when the reason changes', async () => {
  const tier = await startTier({ admits: false });
  const id = await tier.post();
  await vi.waitFor(() => expect(tier.index.get(id)).toBeDefined());
  const first = await tier.inject({ url: `/free/jobs/${id}` });
  const origin = await tier.app.listen({ port: 0, host: '127.0.0.1' });
  const headers = { 'if-none-match': first.headers.etag as string };
  const answer = fetch(`${origin}/free/jobs/${id}?wait=60`, { headers });
  tier.stub.remove(quotas, 'quota', undefined);
  expect(await (await answer).json()).toMatchObject({ waiting_reason: { code: 'quota_missing' } });
});
