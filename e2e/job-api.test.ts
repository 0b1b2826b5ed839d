import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { beforeEach, expect, test } from 'vitest';
import { ask, askJson, clearJobs, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

interface Event {
  id: string;
  event: string;
  data: Job;
}

/** The events of a stream as they come, until it ends. */
async function* streamEvents(path: string, headers: Record<string, string> = {}): AsyncGenerator<Event> {
  let text = '';
  for await (const chunk of (await ask(path, { headers })).body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks.filter((block) => block.includes('event: '))) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)![1]!;
      yield { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
    }
  }
}

async function readAll(stream: AsyncIterable<Event>): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** How far a job is, in a number that grows. */
function progressOf({ data: { status, progress } }: Event): number {
  const rank = ['queued', 'starting', 'running', 'succeeded'].indexOf(status);
  return rank * 1e6 + (progress ? (progress.epoch - 1) * progress.steps + progress.step : 0);
}

test('a job is followed from its reply to its result by events, which end with it and can be resumed', async () => {
  const { job_name, namespace, ...reply } = await post('/free', { dataset: 'mnist', epochs: 2 });
  const path = `/free/jobs/${reply.id}/events`;
  const all = readAll(streamEvents(path));

  // Another listener leaves in the middle and comes back: with what is now, and what follows, and nothing of before.
  const before: Event[] = [];
  for await (const event of streamEvents(path)) {
    before.push(event);
    if (event.event === 'progress') break;
  }
  const left = before.at(-1)!;
  const after = await readAll(streamEvents(path, { 'last-event-id': left.id }));
  expect(left.data.status).toBe('running');
  expect(progressOf(after[0]!)).toBeGreaterThanOrEqual(progressOf(left));
  expect([after[0]!.event, after.at(-1)!.event]).toEqual(['status', 'result']);

  const events = await all;
  const [first, last] = [events[0]!, events.at(-1)!];
  expect(first).toMatchObject({ event: 'status', data: { id: reply.id, created_at: reply.created_at } });
  expect(last).toEqual(after.at(-1));
  expect(events.filter(({ event }) => event === 'result')).toEqual([last]);
  // Each event is the whole job, and none is behind the one before it.
  for (const [index, event] of events.entries()) {
    expect(Object.keys(event.data)).toEqual(Object.keys(last.data));
    if (index > 0) expect(progressOf(event)).toBeGreaterThanOrEqual(progressOf(events[index - 1]!));
  }
  const statuses = [...new Set(events.map(({ data }) => data.status))];
  expect(statuses.slice(statuses.indexOf('running'))).toEqual(['running', 'succeeded']);
  const steps = events.filter(({ event }) => event === 'progress').map(progressOf);
  expect(steps.length).toBeGreaterThan(1);
  expect(new Set(steps).size).toBe(steps.length);
  expect(last.data.result!.accuracy).toBeGreaterThan(90);
  expect(await askJson(`/free/jobs/${reply.id}`)).toEqual(last.data);

  const late = await readAll(streamEvents(path, { 'last-event-id': first.id }));
  expect(late.map(({ event, data }) => [event, data])).toEqual([
    ['status', last.data],
    ['result', last.data],
  ]);
  expect((await ask(path, { headers: { 'last-event-id': last.id } })).status).toBe(204);
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
  const inFront = [
    await post('/free', { dataset: 'mnist', epochs: 20 }),
    await post('/free', { dataset: 'mnist', epochs: 20 }),
  ];
  const { id } = await post('/free', { dataset: 'mnist', epochs: 2 });
  const statusNow = async () => (await askJson<Job>(`/free/jobs/${id}`)).status;
  const answer = await ask(`/free/jobs/${id}/logs?follow=true`);
  expect(await statusNow()).toBe('queued');
  for (const { id } of inFront) await ask(`/free/jobs/${id}`, { method: 'DELETE' });

  let text = '';
  const seenWhile = new Map<string, string>();
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const milestone = /Accuracy/.test(text) ? 'the end' : /Epoch/.test(text) ? 'progress' : undefined;
    if (milestone && !seenWhile.has(milestone)) seenWhile.set(milestone, await statusNow());
  }
  expect(seenWhile.get('progress')).toBe('running');
  const line = String.raw`Epoch \[[12]/2\], Step \[[1-6]00/600\], Loss: \d+\.\d{4}\n`;
  expect(text).toMatch(
    new RegExp(String.raw`^dataset: mnist\n(${line}){12}Accuracy [^\n]*\nTime passed: [\d.]+ sec\n$`),
  );
  await waitForStatus(id, 'succeeded');
  expect(await (await ask(`/free/jobs/${id}/logs`)).text()).toBe(text);
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
