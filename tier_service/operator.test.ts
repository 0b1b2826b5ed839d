// What an operator does behind the tier's back. The same on a real control plane: operator.cluster.test.ts.
import { expect, test, vi } from 'vitest';
import { premiumTier } from '../premium_service/app/tier.ts';
import { jobs, pods, startTestTier } from './testing/test-tier.ts';

type TestTier = Awaited<ReturnType<typeof startTestTier>>;

async function postSome({ post }: TestTier, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let posted = 0; posted < count; posted++) ids.push((await post({ dataset: 'mnist' })).json().id);
  return ids;
}

const statusesOf = ({ index }: TestTier) => index.ordered.map(({ state }) => state.status);

async function expectUnknown({ inject }: TestTier, id: string): Promise<void> {
  await vi.waitFor(async () => expect((await inject({ url: `/free/jobs/${id}` })).json().code).toBe('job_not_found'));
}

/** Plays the Job controller: a pod for every Job that is not suspended. */
function startPods({ stub, putPod }: TestTier, suffix: string): void {
  for (const { metadata, spec } of stub.list(jobs)) {
    if (!spec.suspend) putPod(metadata.name, { phase: 'Running' }, `${metadata.name}-${suffix}`);
  }
}

test('a Job that is suspended by hand waits again, and has its place back when its turn comes', async () => {
  const tier = await startTestTier({ admits: true });
  const [first, second, third] = await postSome(tier, 3);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['starting', 'starting', 'queued']));
  startPods(tier, 'one');
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['running', 'running', 'queued']));

  tier.stub.change(jobs, first!, { spec: { suspend: true } });
  tier.stub.change(pods, `${first}-one`, { metadata: { deletionTimestamp: '2026-11-21T03:00:09Z' } });
  const read = async () => (await tier.inject({ url: `/free/jobs/${first}` })).json();
  await vi.waitFor(async () =>
    expect(await read()).toMatchObject({ status: 'queued', queue_position: 1, started_at: null }),
  );
  expect((await tier.inject({ url: '/free/queue' })).json()).toMatchObject({ running: 1, waiting: 2 });

  tier.stub.remove(pods, `${first}-one`, undefined);
  await vi.waitFor(() => expect(tier.stub.list(jobs).map(({ spec }) => spec.suspend)).toEqual([false, false, true]));
  tier.putPod(first!, { phase: 'Running' }, `${first}-two`);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['running', 'running', 'queued']));
  expect(tier.index.get(second!)!.state.status).toBe('running');
  expect(tier.index.get(third!)!.state.status).toBe('queued');
});

test('a Job that is deleted by hand is unknown, and its place goes to the next', async () => {
  const tier = await startTestTier({ admits: true });
  const [first, , third] = await postSome(tier, 3);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['starting', 'starting', 'queued']));
  tier.stub.remove(jobs, first!, undefined);
  await vi.waitFor(() => expect(tier.index.get(third!)!.state.status).toBe('starting'));
  await expectUnknown(tier, first!);
});

test('a Job that waits for its own deletion is unknown already, and takes no place', async () => {
  const tier = await startTestTier({ admits: true });
  const ids = await postSome(tier, 4);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['starting', 'starting', 'queued', 'queued']));
  const deletion = { deletionTimestamp: '2026-11-21T03:00:09Z', finalizers: ['foregroundDeletion'] };
  for (const id of [ids[0]!, ids[2]!]) tier.stub.change(jobs, id, { metadata: deletion });
  await vi.waitFor(() => expect(tier.index.get(ids[3]!)!.state.status).toBe('starting'));
  for (const id of [ids[0]!, ids[2]!]) await expectUnknown(tier, id);
});

test('a foreign pod in the quota takes a place for as long as it lives', async () => {
  const tier = await startTestTier({ admits: true });
  const metadata = { name: 'foreign', namespace: 'free-service' };
  const spec = { containers: [{ name: 'a', resources: { requests: { cpu: '1500m' }, limits: { cpu: '1500m' } } }] };
  tier.stub.create(pods, { metadata, spec, status: { phase: 'Running' } });
  await vi.waitFor(() => expect(tier.podWatch.size()).toBe(1));
  await postSome(tier, 1);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['queued']));
  tier.stub.change(pods, 'foreign', { status: { phase: 'Succeeded' } });
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['starting']));
});

test('a premium Job that is suspended by hand waits until whoever did it resumes it', async () => {
  const place = { namespace: 'free-service' } as const;
  const tier = await startTestTier({ tier: { ...premiumTier, places: [{ path: '/premium', ...place }] } });
  const { id } = (await tier.post({ dataset: 'mnist' }, {}, '/premium')).json();
  tier.putPod(id, { phase: 'Running' });
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['running']));
  tier.stub.change(jobs, id, { spec: { suspend: true } });
  tier.stub.remove(pods, `${id}-pod`, undefined);
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['queued']));
  tier.stub.change(jobs, id, { spec: { suspend: false } });
  await vi.waitFor(() => expect(statusesOf(tier)).toEqual(['starting']));
});

test('a namespace that was deleted, and the service’s role in it with it, is reported as that', async () => {
  const tier = await startTestTier();
  const body = { kind: 'Status', reason: 'Forbidden', message: 'jobs.batch is forbidden' };
  tier.stub.faultFor = ({ path }) => (path.includes('/free-service/') ? { status: 403, body } : undefined);
  const detail =
    "the Kubernetes API does not let this service see the namespace free-service: it was deleted, or the service's role in it was";
  const expected = [503, '5', 'not_ready', detail];
  for (const url of ['/free/jobs', '/free/queue', '/free/readyz']) {
    await vi.waitFor(
      async () => {
        const answer = await tier.inject({ url });
        expect([answer.statusCode, answer.headers['retry-after'], answer.json().code, answer.json().detail]).toEqual(
          expected,
        );
      },
      { timeout: 15_000 },
    );
  }
  expect((await tier.post({ dataset: 'mnist' })).json().code).toBe('not_ready');
});

test('a submission that fails for another reason than a missing role says that reason', async () => {
  const tier = await startTestTier({ maxUnfinished: 0 });
  const body = { kind: 'Status', reason: 'Forbidden', message: 'pods is forbidden' };
  tier.stub.faultFor = ({ path }) => (path === pods ? { status: 403, body } : undefined);
  await vi.waitFor(() => expect(tier.podWatch.fault()?.status).toBe(403), { timeout: 15_000 });
  expect((await tier.post({ dataset: 'mnist' })).json().code).toBe('queue_full');
});
