import { beforeEach, expect, test } from 'vitest';
import { ask, askJson, clearJobs, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

interface Event {
  id: string;
  event: string;
  data: { status: string; progress: { epoch: number; step: number } | null; result: { accuracy: number } | null };
}

/** All events of a stream, until it ends. */
async function readEvents(path: string, headers: Record<string, string> = {}): Promise<Event[]> {
  const text = await (await ask(path, { headers })).text();
  return text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)![1]!;
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
    });
}

test('a job is followed from its reply to its result by events, which end with it and can be resumed', async () => {
  const { id } = await post('/free', { dataset: 'mnist', epochs: 2 });
  const events = await readEvents(`/free/jobs/${id}/events`);
  const statuses = events.filter(({ event }) => event === 'status').map(({ data }) => data.status);
  expect(statuses.at(-1)).toBe('succeeded');
  expect(statuses).toContain('running');
  const progress = events.filter(({ event }) => event === 'progress').map(({ data }) => data.progress!);
  expect(progress.length).toBeGreaterThan(0);
  for (const [index, { epoch, step }] of progress.entries()) {
    const before = progress[index - 1];
    if (before) expect(epoch * 600 + step).toBeGreaterThan(before.epoch * 600 + before.step);
  }
  const last = events.at(-1)!;
  expect(last.event).toBe('result');
  expect(last.data.result!.accuracy).toBeGreaterThan(90);
  expect(await askJson(`/free/jobs/${id}`)).toEqual(last.data);

  const resumed = await readEvents(`/free/jobs/${id}/events`, { 'last-event-id': events[0]!.id });
  expect(resumed.map(({ event }) => event)).toEqual(['status', 'result']);
  expect((await ask(`/free/jobs/${id}/events`, { headers: { 'last-event-id': last.id } })).status).toBe(204);
});

test('a client that asks with wait sees each state of a job, without asking again and again', async () => {
  const { id } = await post('/free', { dataset: 'mnist', pretrained: true });
  const statuses: string[] = [];
  let tag = '';
  let calls = 0;
  do {
    const answer = await ask(`/free/jobs/${id}?wait=30`, { headers: { ...(tag && { 'if-none-match': tag }) } });
    expect([200, 304]).toContain(answer.status);
    calls++;
    tag = answer.headers.get('etag')!;
    if (answer.status === 200) statuses.push(((await answer.json()) as { status: string }).status);
  } while (statuses.at(-1) !== 'succeeded');
  expect([...new Set(statuses)]).toContain('running');
  expect(calls).toBeLessThan(20);
  expect((await ask(`/free/jobs/${id}`, { headers: { 'if-none-match': tag } })).status).toBe(304);
});

test('a followed log is sent as it grows, from before the start until the end', async () => {
  const { id } = await post('/premium', { dataset: 'mnist', epochs: 1 });
  const answer = await ask(`/premium/jobs/${id}/logs?follow=true`);
  const chunks: number[] = [];
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    chunks.push(performance.now());
    text += chunk;
  }
  expect(chunks.length).toBeGreaterThan(2);
  expect(text).toContain('Time passed: ');
  await waitForStatus(id, 'succeeded');
  expect(await (await ask(`/premium/jobs/${id}/logs`)).text()).toBe(text);
});

test('jobs are listed newest first, page by page, also while others come', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 7; count++)
    ids.unshift((await post('/free', { dataset: count % 2 ? 'kmnist' : 'mnist', epochs: 20 })).id);
  type Page = { jobs: { id: string; dataset: string; status: string }[]; next_cursor: string | null };
  await expect.poll(async () => (await askJson<Page>('/free/jobs')).jobs.length).toBe(7);
  const first = await askJson<Page>('/free/jobs?limit=3');
  await post('/free', { dataset: 'mnist' });
  const second = await askJson<Page>(`/free/jobs?limit=3&cursor=${first.next_cursor}`);
  const third = await askJson<Page>(`/free/jobs?limit=3&cursor=${second.next_cursor}`);
  expect([...first.jobs, ...second.jobs, ...third.jobs].map(({ id }) => id)).toEqual(ids);
  expect(third.next_cursor).toBeNull();
  const kmnist = await askJson<Page>('/free/jobs?dataset=kmnist');
  expect(kmnist.jobs.map(({ dataset }) => dataset)).toEqual(['kmnist', 'kmnist', 'kmnist']);
  for (const query of ['limit=0', 'limit=many', 'status=done', 'cursor=nonsense']) {
    expect([query, (await ask(`/free/jobs?${query}`)).status]).toEqual([query, 400]);
  }
});

test('jobs that are not there are problems with a code', async () => {
  for (const path of [
    '/free/jobs/free-job-template-nothing',
    '/premium/jobs/nothing',
    '/free/jobs/free-job-template-nothing/logs',
    '/free/jobs/free-job-template-nothing/events',
  ]) {
    const answer = await ask(path);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(await answer.json()).toMatchObject({ code: 'job_not_found' });
  }
});

test('the interface describes itself', async () => {
  const openapi = await askJson<{ openapi: string; paths: Record<string, object> }>('/premium/openapi.json');
  expect(openapi.openapi).toBe('3.1.0');
  expect(Object.keys(openapi.paths)).toEqual(
    expect.arrayContaining([
      '/premium',
      '/img-classification/premium',
      '/premium/jobs',
      '/premium/jobs/{id}',
      '/premium/jobs/{id}/logs',
      '/premium/jobs/{id}/events',
      '/premium/queue',
    ]),
  );
  expect(await (await ask('/premium/docs/')).text()).toContain('swagger');
});
