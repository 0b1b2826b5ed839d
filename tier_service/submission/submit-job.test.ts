import { expect, test, vi } from 'vitest';
import type { StubCall, StubFault } from '../testing/stub-api-server.ts';
import { jobs, startTestTier } from '../testing/test-tier.ts';

const isCreation = ({ method, path }: StubCall) => method === 'POST' && path === jobs;

/** Gives these faults to the first creations, one each. */
function failing(...faults: (StubFault | undefined)[]) {
  return (call: StubCall) => (isCreation(call) ? faults.shift() : undefined);
}

test('a Job whose creation was answered by nobody is created again under the same name, and is there once', async () => {
  const { post, stub } = await startTestTier();
  stub.faultFor = failing('lose-answer', 'lose-answer');
  const answer = await post({ dataset: 'mnist' });
  expect(answer.statusCode).toBe(200);
  expect(stub.list(jobs).map(({ metadata }) => metadata.name)).toEqual([answer.json().id]);
  expect(new Set(stub.calls.filter(isCreation).map(({ body }) => body.metadata.name)).size).toBe(1);
});

test.each([
  ['that is overloaded', { status: 429, headers: { 'retry-after': '1' } }],
  ['that has lost its storage', { status: 500 }],
  [
    'that has just started and does not know the tier yet',
    { status: 403, body: { kind: 'Status', reason: 'Forbidden' } },
  ],
  ['that writes the quota at the same moment', { status: 409, body: { kind: 'Status', reason: 'Conflict' } }],
])('an API server %s is asked again, and then the job is there', async (_, fault) => {
  const { post, stub } = await startTestTier();
  stub.faultFor = failing(fault, fault);
  expect((await post({ dataset: 'mnist' })).statusCode).toBe(200);
  expect(stub.list(jobs)).toHaveLength(1);
});

test('an API server that stays away is asked four times, and the client is told when to come again', async () => {
  const { post, stub } = await startTestTier();
  stub.faultFor = (call) => (isCreation(call) ? { status: 503, headers: { 'retry-after': '7' } } : undefined);
  const answer = await post({ dataset: 'mnist' });
  expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([
    503,
    '7',
    'cluster_unavailable',
  ]);
  expect(stub.calls.filter(isCreation)).toHaveLength(4);
});

test('a refusal that repeating would not change is not repeated', async () => {
  const { post, stub } = await startTestTier();
  stub.faultFor = failing({ status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'exceeded quota: q' } });
  const answer = await post({ dataset: 'mnist' });
  expect([answer.statusCode, answer.json().code]).toEqual([429, 'queue_full']);
  expect(stub.calls.filter(isCreation)).toHaveLength(1);
});

test('50 posts at once with one key make one Job; another body under it is refused', async () => {
  const { post, stub } = await startTestTier();
  const key = { 'idempotency-key': 'k' };
  const answers = await Promise.all(Array.from({ length: 50 }, () => post({ dataset: 'mnist' }, key)));
  expect(stub.list(jobs)).toHaveLength(1);
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  // The same in other words.
  expect((await post('pretrained=false&epochs=5&dataset=mnist', key)).json().id).toBe(answers[0]!.json().id);
  const other = await post({ dataset: 'kmnist' }, key);
  expect([other.statusCode, other.json().code]).toEqual([422, 'key_reused']);
  expect((await post({ dataset: 'mnist' }, { 'idempotency-key': 'K' })).json().id).not.toBe(answers[0]!.json().id);
});

test('a queue takes as many as it may hold, however fast they come, and has room again when one ends', async () => {
  const { post, stub, inject, index } = await startTestTier({ maxUnfinished: 3 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => post({ dataset: 'mnist' })));
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
  const full = answers.find(({ statusCode }) => statusCode === 429)!;
  expect(Number(full.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(full.json().code).toBe('queue_full');
  await vi.waitFor(() => expect(index.unfinished()).toBe(3));
  await inject({ method: 'DELETE', url: `/free/jobs/${stub.list(jobs)[0].metadata.name}` });
  await vi.waitFor(async () => expect((await post({ dataset: 'mnist' })).statusCode).toBe(200));
});

test('a creation that failed is not tried again for a client that has gone meanwhile', async () => {
  const { submit, stub } = await startTestTier();
  let hasGone = false;
  stub.faultFor = (call) => {
    if (!isCreation(call)) return undefined;
    hasGone = true;
    return { status: 503 };
  };
  const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;
  const submission = { choices, namespace: 'free-service', requestId: 'r', client: '', isGone: () => hasGone };
  await expect(submit(submission)).rejects.toMatchObject({ code: 'cluster_unavailable' });
  expect([stub.calls.filter(isCreation).length, stub.list(jobs)]).toEqual([1, []]);
});

test('a repeat is answered with what the API server has, not with what memory remembers', async () => {
  const { post, stub, index, jobWatch } = await startTestTier();
  const key = { 'idempotency-key': 'k' };
  const { id } = (await post({ dataset: 'mnist' }, key)).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  const former = index.get(id)!.uid;
  jobWatch.stop();
  stub.remove(jobs, id, undefined);
  expect((await post({ dataset: 'kmnist' }, key)).json()).toMatchObject({ id, dataset: 'kmnist', status: 'queued' });
  expect(stub.list(jobs).map(({ metadata }) => metadata.uid)).not.toContain(former);
});

test('a repeat is not answered from memory that may be out of date', async () => {
  const { post, stub, index } = await startTestTier();
  const key = { 'idempotency-key': 'k' };
  const { id } = (await post({ dataset: 'mnist' }, key)).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  stub.faultFor = ({ query }) => (query.has('watch') || query.has('limit') ? { status: 500 } : undefined);
  await vi.waitFor(
    async () => {
      const repeat = await post({ dataset: 'mnist' }, key);
      expect([repeat.statusCode, repeat.json().code]).toEqual([503, 'cluster_unavailable']);
    },
    { timeout: 15_000 },
  );
  expect((await post({ dataset: 'mnist' })).json().status).toBe('queued');
});

test('a key whose Job is being deleted makes a new one when that is gone', async () => {
  const { post, stub, index } = await startTestTier();
  const key = { 'idempotency-key': 'k' };
  const { id } = (await post({ dataset: 'mnist' }, key)).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  const { uid } = stub.list(jobs)[0].metadata;
  stub.change(jobs, id, { metadata: { deletionTimestamp: '2026-11-21T03:00:00Z' } });
  let refused = 0;
  stub.faultFor = (call) => {
    if (isCreation(call) && ++refused === 2) stub.remove(jobs, id, undefined);
    return undefined;
  };
  expect((await post({ dataset: 'mnist' }, key)).json()).toMatchObject({ id, status: 'queued' });
  expect(stub.list(jobs).map(({ metadata }) => metadata.uid)).not.toContain(uid);
});

test('a full queue still answers a repeat', async () => {
  const { post, index } = await startTestTier({ maxUnfinished: 1 });
  const key = { 'idempotency-key': 'k' };
  const { id } = (await post({ dataset: 'mnist' }, key)).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  expect((await post({ dataset: 'mnist' }, key)).json().id).toBe(id);
  expect((await post({ dataset: 'mnist' }, { 'idempotency-key': 'other' })).statusCode).toBe(429);
});

test('a key counts within the namespace that there is: one that was made again knows it no more', async () => {
  const { post, stub } = await startTestTier();
  const key = { 'idempotency-key': 'k' };
  const { id } = (await post({ dataset: 'mnist' }, key)).json();
  stub.faultFor = ({ path }) =>
    path === '/api/v1/namespaces/free-service' ? { status: 200, body: { metadata: { uid: 'another' } } } : undefined;
  expect((await post({ dataset: 'mnist' }, key)).json().id).not.toBe(id);
});
