import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clients, everybody, listErrors, loadClients } from '@ml-job-mesh/http-service';
import { expect, onTestFinished, test, vi } from 'vitest';
import { jobs, startTestTier } from './testing/test-tier.ts';

test('a job is answered with all that is known of it, and null for the rest', async () => {
  const { post } = await startTestTier();
  const answer = await post({ dataset: 'kmnist', epochs: 2 });
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    location: `/free/jobs/${answer.json().id}`,
  });
  const { id, created_at, queue_position, ...job } = answer.json();
  expect(id).toMatch(/^free-job-template-[a-z2-7]{26}$/);
  expect(Math.abs(Date.now() - Date.parse(created_at))).toBeLessThan(60_000);
  expect([null, 1]).toContain(queue_position);
  expect(job).toEqual({
    ...{ job_name: id, namespace: 'free-service', tier: 'free', dataset: 'kmnist', model: 'ff' },
    ...{ epochs: 2, pretrained: false, status: 'queued' },
    estimated_start_at: null,
    waiting_reason: {
      code: 'quota_too_small',
      message: 'There is no room for even one job in the quota of free-service.',
    },
    ...{ started_at: null, finished_at: null, progress: null, result: null, error: null },
  });
});

test.each([
  ['application/json', '{"dataset":"mnist"}'],
  ['text/plain', '{"dataset":"mnist"}'],
  ['application/x-www-form-urlencoded', '{"dataset":"mnist"}'],
  ['application/x-www-form-urlencoded', 'dataset=mnist'],
  ['application/json', 'dataset=mnist'],
  ['application/octet-stream', '{"dataset":"mnist"}'],
  ['nonsense', '{"dataset":"mnist"}'],
  ['a/b/c; d', '{"dataset":"mnist"}'],
  ['application/json; charset', '{"dataset":"mnist"}'],
  ['application/x-www-form-urlencoded; charset', 'dataset=mnist'],
  [undefined, '{"dataset":"mnist"}'],
])('a body counts whatever it is labelled as: %s %s', async (type, body) => {
  const { post } = await startTestTier();
  for (const path of ['/free', '/free/', '/img-classification/free']) {
    const answer = await post(body, type ? { 'content-type': type } : {}, path);
    expect([path, answer.statusCode, answer.json().dataset]).toEqual([path, 200, 'mnist']);
  }
});

test.each([
  ['POST', '/free', '', 400, 'invalid_request'],
  ['POST', '/free', '{"dataset":"cifar"}', 400, 'invalid_request'],
  ['POST', '/free', '{"dataset":"mnist","epochs":21}', 400, 'invalid_request'],
  ['GET', '/free', undefined, 405, 'method_not_allowed'],
  ['PUT', '/free/jobs', undefined, 405, 'method_not_allowed'],
  ['GET', '/premium/jobs', undefined, 404, 'not_found'],
  ['GET', '/free/jobs/free-job-template-x', undefined, 404, 'job_not_found'],
  ['DELETE', '/free/jobs/premium-job-template-x', undefined, 404, 'job_not_found'],
  ['GET', '/free/jobs?limit=0', undefined, 400, 'invalid_request'],
  ['GET', '/free/jobs?status=done', undefined, 400, 'invalid_request'],
  ['GET', '/free/jobs?cursor=nonsense', undefined, 400, 'invalid_request'],
  ['GET', '/free/jobs?limit=2&limit=3', undefined, 400, 'invalid_request'],
  ['GET', '/free/jobs?Limit=2', undefined, 400, 'invalid_request'],
  ['GET', '/free/queue?limit=2', undefined, 400, 'invalid_request'],
  ['DELETE', '/free/jobs?al=true', undefined, 400, 'invalid_request'],
  ['GET', `/free/jobs/${'a'.repeat(3_000)}`, undefined, 404, 'job_not_found'],
  ['GET', '/free/jobs/A.b', undefined, 404, 'job_not_found'],
  ['GET', '/free/jobs/%zz/logs', undefined, 400, 'invalid_request'],
  ['DELETE', '/free/jobs/%ff', undefined, 400, 'invalid_request'],
] as const)('%s %s (%s) is a problem of RFC 9457: %s %s', async (method, url, payload, statusCode, code) => {
  const { inject, stub } = await startTestTier();
  const answer = await inject({ method, url, ...(payload !== undefined && { payload }) });
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const { title } = listErrors().find((each) => each.code === code)!;
  expect([answer.statusCode, answer.json()]).toEqual([
    statusCode,
    { type: 'about:blank', title, status: statusCode, code, detail: expect.stringMatching(/./) },
  ]);
  expect(stub.list(jobs)).toEqual([]);
});

test.each([
  ['/free/jobs?limit=0', 'the query parameter "limit" must be >= 1'],
  [
    '/free/jobs?dataset=cifar',
    'the query parameter "dataset" must be equal to one of the allowed values: mnist, kmnist',
  ],
  ['/free/jobs?datset=mnist', 'this call has no query parameter "datset"'],
])('%s says what is wrong and what is allowed', async (url, detail) => {
  const { inject } = await startTestTier();
  expect((await inject({ url })).json()).toMatchObject({ status: 400, code: 'invalid_request', detail });
});

test('a post and a health check take any query, as they always did', async () => {
  const { post, inject } = await startTestTier();
  expect((await post({ dataset: 'mnist' }, {}, '/free?from=an-old-script')).statusCode).toBe(200);
  expect((await inject({ url: '/free/healthz?from=a-load-balancer' })).statusCode).toBe(200);
});

test('a body that is longer than any job needs is refused', async () => {
  const { post } = await startTestTier();
  const answer = await post({ dataset: 'mnist', more: 'x'.repeat(17_000) });
  expect([answer.statusCode, answer.json().code]).toEqual([413, 'body_too_large']);
});

test('memory that may be out of date is not passed off as the present', async () => {
  const { inject, stub } = await startTestTier();
  expect((await inject({ url: '/free/jobs' })).statusCode).toBe(200);
  stub.faultFor = () => ({ status: 500 });
  for (const url of ['/free/jobs', '/free/queue', '/free/readyz']) {
    await vi.waitFor(
      async () => {
        const answer = await inject({ url });
        expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
        expect(answer.json().code).toBe('cluster_unavailable');
      },
      { timeout: 15_000 },
    );
  }
  expect((await inject({ url: '/free/healthz' })).statusCode).toBe(200);
  stub.faultFor = () => undefined;
  await vi.waitFor(async () => expect((await inject({ url: '/free/jobs' })).statusCode).toBe(200), { timeout: 15_000 });
});

test('a page goes on where the one before ended, whatever came and went between', async () => {
  const { post, inject, index, stub } = await startTestTier();
  const ids: string[] = [];
  for (let count = 0; count < 6; count++) ids.push((await post({ dataset: count % 2 ? 'kmnist' : 'mnist' })).json().id);
  await vi.waitFor(() => expect(index.ordered).toHaveLength(6));
  const page = async (query: string) => (await inject({ url: `/free/jobs?${query}` })).json();
  const first = await page('limit=2');
  expect(first.jobs.map(({ id }: { id: string }) => id)).toEqual([ids[5], ids[4]]);
  stub.remove(jobs, ids[4]!, undefined);
  await post({ dataset: 'mnist' });
  await vi.waitFor(() => expect(index.get(ids[4]!)).toBeUndefined());
  const second = await page(`limit=2&cursor=${first.next_cursor}`);
  expect(second.jobs.map(({ id }: { id: string }) => id)).toEqual([ids[3], ids[2]]);
  const last = await page(`limit=5&cursor=${second.next_cursor}`);
  expect([last.jobs.map(({ id }: { id: string }) => id), last.next_cursor]).toEqual([[ids[1], ids[0]], null]);
  const filtered = await page('dataset=kmnist&status=queued');
  expect(filtered.jobs.map(({ id }: { id: string }) => id)).toEqual([ids[5], ids[3], ids[1]]);
});

test('clearing takes what has ended, or all, and says how many', async () => {
  const { post, inject, index, putPod, stub } = await startTestTier();
  const ids: string[] = [];
  for (let count = 0; count < 3; count++) ids.push((await post({ dataset: 'mnist' })).json().id);
  putPod(ids[0]!, { phase: 'Failed' });
  await vi.waitFor(() => expect(index.counts).toMatchObject({ failed: 1, queued: 2 }));
  const clear = async (url: string) => (await inject({ method: 'DELETE', url })).json();
  expect(await clear('/free/jobs')).toEqual({ deleted: 1, cancelled: 0 });
  expect(await clear('/free/jobs?all=true')).toEqual({ deleted: 2, cancelled: 2 });
  expect(stub.list(jobs)).toEqual([]);
});

test('clearing all takes a job, too, that the watch has not shown yet', async () => {
  const { post, inject, index, stub } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  await vi.waitFor(() => expect(index.get(id)).toBeDefined());
  const { metadata, ...rest } = stub.find(jobs, id);
  stub.create(jobs, {
    ...rest,
    metadata: { ...metadata, name: `${id}-2`, uid: undefined, resourceVersion: undefined },
  });
  const clearing = inject({ method: 'DELETE', url: '/free/jobs?all=true' });
  expect(index.get(`${id}-2`)).toBeUndefined();
  expect((await clearing).json()).toEqual({ deleted: 2, cancelled: 2 });
  expect(stub.list(jobs)).toEqual([]);
});

test('where API keys are on, a client sees and cancels its own jobs only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const line = (name: string) => `${name}:${createHash('sha256').update(`key of ${name}`).digest('hex')}\n`;
  writeFileSync(join(folder, 'keys'), `# clients\n${line('ann')}${line('bob')}`);
  const { inject, post, index } = await startTestTier({ clients: loadClients(join(folder, 'keys')) });
  const as = (name: string) => ({ authorization: `Bearer key of ${name}`, 'idempotency-key': 'same' });
  const ofAnn = { 'x-api-key': 'key of ann' };
  const ofBob = { 'x-api-key': 'key of bob' };
  expect((await post({ dataset: 'mnist' })).json().code).toBe('unauthorized');
  expect((await post({ dataset: 'mnist' }, as('eve'))).statusCode).toBe(401);
  const job = (await post({ dataset: 'mnist' }, { ...ofAnn, 'idempotency-key': 'same' })).json();
  const other = (await post({ dataset: 'kmnist' }, { ...ofBob, 'idempotency-key': 'same' })).json();
  expect(other.id).not.toBe(job.id);
  await vi.waitFor(() => expect(index.ordered).toHaveLength(2));
  const listed = await inject({ url: '/free/jobs', headers: ofAnn });
  expect(listed.json().jobs.map(({ id }: { id: string }) => id)).toEqual([job.id]);
  for (const method of ['GET', 'DELETE'] as const) {
    expect((await inject({ method, url: `/free/jobs/${other.id}`, headers: ofAnn })).json().code).toBe('job_not_found');
  }
  expect((await inject({ method: 'DELETE', url: '/free/jobs?all=true', headers: ofAnn })).json().deleted).toBe(1);
  expect((await inject({ url: `/free/jobs/${other.id}`, headers: ofBob })).json().status).toBe('queued');
});

test('where API keys are on, no client takes all places of the queue', async () => {
  const clients = { ...everybody, areApart: true, identify: ({ headers }) => String(headers['x-client']) } as Clients;
  const { post, inject } = await startTestTier({ clients, maxUnfinishedPerClient: 2 });
  const as = (client: string) => post({ dataset: 'mnist' }, { 'x-client': client });
  const taken = await Promise.all([as('ann'), as('ann'), as('ann')]);
  expect(taken.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
  const refused = await as('ann');
  expect([refused.json().code, refused.headers['retry-after']]).toEqual([
    'too_many_jobs',
    expect.stringMatching(/^\d+$/),
  ]);
  expect((await as('bob')).statusCode).toBe(200);
  await inject({ method: 'DELETE', url: `/free/jobs/${taken[0]!.json().id}` });
  await vi.waitFor(async () => expect((await as('ann')).statusCode).toBe(200));
});

test('a file of keys that cannot be read is named, with its line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys');
  writeFileSync(file, '# clients\nann:secret\n');
  expect(() => loadClients(file)).toThrow(`${file}, line 2: expected "name:sha256", the key's hash in hexadecimal`);
});
