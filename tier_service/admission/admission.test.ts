import { expect, test, vi } from 'vitest';
import { annotation } from '../state/annotations.ts';
import type { StubCall } from '../testing/stub-api-server.ts';
import { jobs, quotas, startTestTier } from '../testing/test-tier.ts';

type TestTier = Awaited<ReturnType<typeof startTestTier>>;

/** The jobs that were resumed, in the order in which the API server was told. */
function resumed({ stub }: TestTier): string[] {
  return stub.calls.filter(isResume).map(({ path }) => path.split('/').at(-1)!);
}

const isResume = ({ method, body }: StubCall) =>
  method === 'PATCH' && Array.isArray(body) && body.some(({ path }) => path.includes('admitted-at'));

async function postSome({ post }: TestTier, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let posted = 0; posted < count; posted++) ids.push((await post({ dataset: 'mnist' })).json().id);
  return ids;
}

/** Plays the Job controller: a pod for every Job that is not suspended. */
function startPods({ stub, putPod }: TestTier): void {
  for (const { metadata, spec } of stub.list(jobs)) if (!spec.suspend) putPod(metadata.name, { phase: 'Running' });
}

const endPod = ({ putPod }: TestTier, id: string) => putPod(id, { phase: 'Succeeded' });

test('as many jobs are resumed as the quota has room for, oldest first, and the next when one ends', async () => {
  const startedAt = Date.now();
  const tier = await startTestTier({ admits: true });
  const ids = await postSome(tier, 4);
  await vi.waitFor(() => expect(resumed(tier)).toEqual(ids.slice(0, 2)));
  startPods(tier);
  await vi.waitFor(() => expect(tier.index.counts).toMatchObject({ running: 2, queued: 2 }));
  endPod(tier, ids[1]!);
  await vi.waitFor(() => expect(resumed(tier)).toEqual(ids.slice(0, 3)));
  expect(tier.stub.list(jobs).filter(({ spec }) => !spec.suspend)).toHaveLength(3);
  const third = tier.stub.list(jobs).find(({ metadata }) => metadata.name === ids[2]);
  expect(new Date(third.metadata.annotations[annotation.admitted]).getTime()).toBeGreaterThan(startedAt);
});

test('the second of two places is given when the pod of the first is seen, or has been waited for', async () => {
  const tier = await startTestTier({ admits: true });
  const at: number[] = [];
  tier.stub.faultFor = (call) => {
    if (isResume(call)) at.push(performance.now());
    return undefined;
  };
  const ids = await postSome(tier, 2);
  await vi.waitFor(() => expect(resumed(tier)).toEqual(ids));
  expect(at[1]! - at[0]!).toBeGreaterThan(200);
});

test('a quota that an operator changes is followed at once, up and down', async () => {
  const tier = await startTestTier({ admits: true });
  const ids = await postSome(tier, 6);
  await vi.waitFor(() => expect(resumed(tier)).toHaveLength(2));
  startPods(tier);
  tier.stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': '3', 'limits.cpu': '3' } } });
  await vi.waitFor(() => expect(resumed(tier)).toEqual(ids.slice(0, 3)));
  startPods(tier);
  tier.stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': '1', 'limits.cpu': '1' } } });
  await vi.waitFor(async () =>
    expect((await tier.inject({ url: '/free/queue' })).json()).toMatchObject({ running: 3, waiting: 3, limit: 1 }),
  );
  endPod(tier, ids[0]!);
  endPod(tier, ids[1]!);
  await vi.waitFor(() => expect(tier.index.counts).toMatchObject({ running: 1, queued: 3 }));
  endPod(tier, ids[2]!);
  await vi.waitFor(() => expect(resumed(tier)).toEqual(ids.slice(0, 4)));
});

test('nothing is started while there is no quota: what holds the tier is missing', async () => {
  const tier = await startTestTier({ admits: true });
  tier.stub.remove(quotas, 'quota', undefined);
  await vi.waitFor(async () => expect((await tier.inject({ url: '/free/readyz' })).statusCode).toBe(503));
  const [id] = await postSome(tier, 1);
  await vi.waitFor(() => expect(tier.index.get(id!)?.state.status).toBe('queued'));
  expect(resumed(tier)).toEqual([]);
  tier.stub.create(quotas, { metadata: { name: 'quota' }, spec: { hard: { 'requests.cpu': '2' } } });
  await vi.waitFor(() => expect(resumed(tier)).toEqual([id]));
});

test('a resume that the API server did not take is made again, before any later job', async () => {
  const tier = await startTestTier({ admits: true });
  let refused = 0;
  tier.stub.faultFor = (call) => (isResume(call) && refused++ < 3 ? { status: 500 } : undefined);
  const ids = await postSome(tier, 3);
  await vi.waitFor(() => expect(tier.stub.list(jobs).filter(({ spec }) => !spec.suspend)).toHaveLength(2), 10_000);
  const started = tier.stub.list(jobs).filter(({ spec }) => !spec.suspend);
  expect(started.map(({ metadata }) => metadata.name).sort()).toEqual(ids.slice(0, 2).sort());
  expect(resumed(tier).slice(0, 4)).toEqual(Array(4).fill(ids[0]));
});

test('a job that is cancelled while it waits gives its turn to the next', async () => {
  const tier = await startTestTier({ admits: true });
  tier.stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': '0', 'limits.cpu': '0' } } });
  await vi.waitFor(async () => expect((await tier.inject({ url: '/free/queue' })).json().limit).toBe(0));
  const ids = await postSome(tier, 2);
  await tier.inject({ method: 'DELETE', url: `/free/jobs/${ids[0]}` });
  await vi.waitFor(() => expect(tier.index.get(ids[0]!)?.state.status).toBe('cancelled'));
  tier.stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': '1', 'limits.cpu': '1' } } });
  await vi.waitFor(() => expect(resumed(tier)).toEqual([ids[1]]));
});

test('a resumed job that is refused its pod keeps its place and is woken, until it has one', async () => {
  const tier = await startTestTier({ admits: true });
  const [id] = await postSome(tier, 1);
  await vi.waitFor(() => expect(resumed(tier)).toEqual([id]));
  const wakes = () =>
    tier.stub.calls
      .filter((call) => call.method === 'PATCH' && Array.isArray(call.body) && !isResume(call))
      .map(({ body }) => body.at(-1).value);
  await vi.waitFor(() => expect(wakes()).toEqual([86_401, 86_400]), 10_000);
  expect(tier.stub.list(jobs)[0].spec.suspend).toBe(false);
  expect(tier.index.get(id!)!.state.status).toBe('starting');
  startPods(tier);
  await vi.waitFor(() => expect(tier.index.get(id!)!.state.status).toBe('running'));
});
