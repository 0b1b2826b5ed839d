import { beforeEach, describe, expect, test } from 'vitest';
import { ask, askJson, clearJobs, listJobs, post, type SubmittedJob } from './mesh.ts';

beforeEach(clearJobs);

const places = [
  ['/free', 'free-service', 'ff'],
  ['/img-classification/free', 'free-service', 'ff'],
  ['/premium', 'premium-service', 'cnn'],
  ['/img-classification/premium', 'default', 'cnn'],
] as const;

describe.each(places)('POST %s', (path, namespace, type) => {
  test.each([
    ['JSON', 'application/json', '{"dataset":"mnist"}'],
    ['JSON sent as text', 'text/plain', '{"dataset":"mnist"}'],
    ['JSON sent as a form, as curl -d does', 'application/x-www-form-urlencoded', '{"dataset":"mnist"}'],
    ['a real form', 'application/x-www-form-urlencoded', 'dataset=mnist'],
    ['JSON of an unknown type', 'application/x-something; charset=utf-8', '{"dataset":"mnist"}'],
  ])(`makes a Job in ${namespace} from %s`, async (_, contentType, body) => {
    const answer = await ask(path, { method: 'POST', body, headers: { 'content-type': contentType } });
    expect(answer.status).toBe(200);
    const job = (await answer.json()) as SubmittedJob;
    const prefix = `${path.split('/').at(-1)}-job-template-`;
    expect(job).toMatchObject({ job_name: job.id, namespace, dataset: 'mnist', model: type });
    expect(job.job_name.startsWith(prefix)).toBe(true);
    expect(['queued', 'starting']).toContain(job.status);
    const [made, ...others] = await listJobs(namespace);
    expect(others).toEqual([]);
    expect(made!.metadata!.name).toBe(job.job_name);
    const [container] = made!.spec!.template.spec!.containers;
    expect(container!.resources).toMatchObject({ requests: { cpu: '900m' }, limits: { cpu: '900m' } });
    expect(container!.env).toContainEqual({ name: 'TYPE', value: type });
    expect(container!.env).toContainEqual({ name: 'DATASET', value: 'mnist' });
  });

  test('makes a Job from a body without any type', async () => {
    const answer = await ask(path, { method: 'POST', body: new TextEncoder().encode('{"dataset":"kmnist"}') });
    expect(answer.status).toBe(200);
    expect(await listJobs(namespace)).toHaveLength(1);
  });

  test.each([
    ['another dataset', '{"dataset":"cifar10"}'],
    ['no dataset', '{}'],
    ['an empty body', ''],
    ['half a JSON', '{"dataset":"mn'],
    ['a list', '["mnist"]'],
    ['too many epochs', '{"dataset":"mnist","epochs":21}'],
  ])('refuses %s and creates nothing', async (_, body) => {
    const answer = await ask(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await listJobs(namespace)).toEqual([]);
  });
});

test('fifty posts at once make fifty Jobs with names of their own', async () => {
  const jobs = await Promise.all(Array.from({ length: 50 }, () => post('/free', { dataset: 'mnist' })));
  expect(new Set(jobs.map(({ job_name }) => job_name)).size).toBe(50);
  expect((await listJobs('free-service')).map(({ metadata }) => metadata!.name).sort()).toEqual(
    jobs.map(({ job_name }) => job_name).sort(),
  );
});

test('a repeat under the same idempotency key is the same job, another request under it is refused', async () => {
  const headers = { 'idempotency-key': `key-${Date.now()}` };
  const first = await post('/free', { dataset: 'mnist' }, headers);
  const repeats = await Promise.all(
    Array.from({ length: 10 }, () => post('/free', { dataset: 'mnist', epochs: 5 }, headers)),
  );
  expect(repeats.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, () => first.id));
  const other = await ask('/free', { method: 'POST', body: '{"dataset":"kmnist"}', headers });
  expect([other.status, await other.json()]).toEqual([422, expect.objectContaining({ code: 'key_reused' })]);
  expect(await listJobs('free-service')).toHaveLength(1);
  // The two premium paths are places of their own.
  const [premium, older] = [
    await post('/premium', { dataset: 'mnist' }, headers),
    await post('/img-classification/premium', { dataset: 'mnist' }, headers),
  ];
  expect([premium.namespace, older.namespace]).toEqual(['premium-service', 'default']);
  expect(premium.id).not.toBe(older.id);
});

test('a path that only begins like a tier is not that tier', async () => {
  for (const path of ['/freedom', '/premiums', '/img-classification/freedom']) {
    const answer = await ask(path, { method: 'POST', body: '{"dataset":"mnist"}' });
    expect([path, answer.status]).toEqual([path, 404]);
    expect(await answer.json()).toMatchObject({ status: 404, code: 'not_found' });
  }
  expect(await askJson('/free/jobs')).toEqual({ jobs: [], next_cursor: null });
});
