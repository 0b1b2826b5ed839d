import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClients } from '@ml-job-mesh/http-service';
import { listenToEvents, type ReceivedEvent } from '@ml-job-mesh/http-service/testing/event-listener.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTestTier, type TestTierOptions } from '../testing/test-tier.ts';
import type { Job } from '../views/job-view.ts';
import type { Queue } from '../views/queue-view.ts';

/** What any of the events may carry. */
type Told = Partial<Job> & { jobs?: Partial<Job>[]; queue?: Queue; waiting?: number; code?: string };
type Events = ReceivedEvent<Told>[];

async function start(options: TestTierOptions = {}) {
  const tier = await startTestTier(options);
  const origin = await tier.app.listen({ port: 0, host: '127.0.0.1' });
  return {
    ...tier,
    async submit(headers = {}): Promise<string> {
      const { id } = (await tier.post({ dataset: 'mnist' }, headers)).json();
      await vi.waitFor(() => expect(tier.index.get(id)).toBeDefined());
      return id;
    },
    listen: (headers = {}) => listenToEvents<Told>(`${origin}/free/events`, headers),
  };
}

/** The jobs as a page knows them that has followed the events. */
function replay(events: Events) {
  const jobs = new Map<string, Partial<Job>>();
  for (const { event, data } of events) {
    if (event === 'jobs') jobs.clear();
    for (const job of event === 'job' ? [data] : (data.jobs ?? [])) jobs.set(job.id!, { ...jobs.get(job.id!), ...job });
    if (event === 'removed') jobs.delete(data.id!);
  }
  return jobs;
}

const statuses = (events: Events) => [...replay(events).values()].map(({ status }) => status);

test('a reader is told the list and the queue, and then each change: jobs that are new, that move on, that are gone', async () => {
  const { listen, submit, putPod, inject, stub } = await start();
  const first = await submit();
  const { type, events } = await listen();
  expect(type).toBe('text/event-stream; charset=utf-8');
  const list = (await inject({ url: '/free/jobs' })).json().jobs;
  const queue = (await inject({ url: '/free/queue' })).json();
  await vi.waitFor(() => expect(events[0]).toEqual({ event: 'jobs', data: { jobs: list, queue } }));

  const second = await submit();
  await vi.waitFor(() => expect(statuses(events)).toEqual(['queued', 'queued']));
  await vi.waitFor(() => expect(events.findLast(({ event }) => event === 'queue')?.data.waiting).toBe(2));
  putPod(first, { phase: 'Running' });
  await vi.waitFor(() => expect(replay(events).get(first)).toMatchObject({ status: 'running', queue_position: null }));
  await vi.waitFor(() => expect(replay(events).get(second)).toMatchObject({ queue_position: 1 }));
  await inject({ method: 'DELETE', url: `/free/jobs/${second}` });
  await vi.waitFor(() => expect(statuses(events)).toEqual(['running', 'cancelled']));
  stub.remove('/apis/batch/v1/namespaces/free-service/jobs', second, undefined);
  await vi.waitFor(() => expect([...replay(events).keys()]).toEqual([first]));
});

test('what a reader has followed is what a read gives', async () => {
  const { listen, submit, putPod, inject } = await start();
  const { events } = await listen();
  const ids = [await submit(), await submit(), await submit(), await submit()];
  putPod(ids[1]!, { phase: 'Running' });
  await inject({ method: 'DELETE', url: `/free/jobs/${ids[2]}` });
  await vi.waitFor(async () => {
    const list: Job[] = (await inject({ url: '/free/jobs' })).json().jobs;
    expect(list.map(({ status }) => status)).toEqual(['queued', 'cancelled', 'running', 'queued']);
    expect(replay(events)).toEqual(new Map(list.map((job) => [job.id, job])));
  });
});

test('a change is written once, however many read', async () => {
  const { listen, submit, listReaders, index } = await start();
  const id = await submit();
  const readers = await Promise.all(Array.from({ length: 50 }, () => listen()));
  expect(listReaders.size()).toBe(50);
  const stringify = vi.spyOn(JSON, 'stringify');
  onTestFinished(() => stringify.mockRestore());
  index.setProgress(index.get(id)!, { epoch: 1, epochs: 5, step: 1, steps: 600, loss: 1 }, 1);
  await vi.waitFor(() =>
    expect(new Set(readers.map(({ events }) => events.at(-1)!.event === 'job'))).toEqual(new Set([true])),
  );
  const ofJob = stringify.mock.calls.filter(([value]) => (value as Job | undefined)?.id === id);
  expect(ofJob).toHaveLength(1);
});

test('a list of ten thousand begins with the newest and with those that are furthest ahead', async () => {
  const { listen, stub, submit, index } = await start({ maxUnfinished: 100_000 });
  const id = await submit();
  const made = stub.find('/apis/batch/v1/namespaces/free-service/jobs', id);
  for (let count = 1; count <= 10_000; count++) {
    const { uid, creationTimestamp, ...metadata } = made.metadata;
    const accepted = String(BigInt(metadata.annotations['ml-job-mesh.io/accepted']) + BigInt(count));
    metadata.annotations = { ...metadata.annotations, 'ml-job-mesh.io/accepted': accepted };
    stub.create('/apis/batch/v1/namespaces/free-service/jobs', {
      ...made,
      metadata: { ...metadata, name: `job-${count}` },
    });
  }
  await vi.waitFor(() => expect(index.queue).toHaveLength(10_001), { timeout: 20_000 });
  const { events } = await listen();
  await vi.waitFor(() => expect(events[0]?.event).toBe('jobs'));
  const places = events[0]!.data.jobs!.map(({ queue_position }) => queue_position);
  const down = (from: number, length: number) => Array.from({ length }, (_, step) => from - step);
  expect(places).toEqual([...down(10_001, 200), ...down(200, 200)]);
});

test('with API keys, a client is told of its own jobs, and needs a key that is known', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tier-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const line = (name: string) => `${name}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}\n`;
  writeFileSync(join(folder, 'keys'), line('ann') + line('bob'));
  const as = (name: string) => ({ 'x-api-key': `key-of-${name}` });
  const { listen, submit, inject } = await start({ clients: loadClients(join(folder, 'keys')) });
  const stranger = await inject({ url: '/free/events', headers: as('eve') });
  expect([stranger.statusCode, stranger.json().code]).toEqual([401, 'unauthorized']);

  const before = await submit(as('ann'));
  const [ann, bob] = await Promise.all([listen(as('ann')), listen(as('bob'))]);
  const after = [await submit(as('ann')), await submit(as('bob'))];
  await vi.waitFor(() => expect([...replay(ann.events).keys()]).toEqual([before, after[0]]));
  await vi.waitFor(() => expect([...replay(bob.events).keys()]).toEqual([after[1]]));
  await vi.waitFor(() => expect(bob.events.findLast(({ event }) => event === 'queue')?.data.waiting).toBe(3));
  await inject({ method: 'DELETE', url: `/free/jobs/${before}`, headers: as('ann') });
  await vi.waitFor(() => expect(replay(bob.events).get(after[1]!)?.queue_position).toBe(2));
  expect([...replay(bob.events).keys()]).toEqual([after[1]]);
});

test('readers hear when the memory may be out of date, and all of it when it is right again; nobody new is let in', async () => {
  const { listen, submit, stub, inject } = await start();
  const { events } = await listen();
  stub.faultFor = () => ({ status: 500 });
  await vi.waitFor(
    () => expect(events.at(-1)).toMatchObject({ event: 'stale', data: { code: 'cluster_unavailable' } }),
    {
      timeout: 20_000,
    },
  );
  const refused = await inject({ url: '/free/events' });
  expect([refused.statusCode, refused.json().code]).toEqual([503, 'cluster_unavailable']);
  stub.faultFor = () => undefined;
  await vi.waitFor(
    () => expect(events.findLast(({ event }) => ['jobs', 'stale'].includes(event))?.event).toBe('jobs'),
    {
      timeout: 20_000,
    },
  );
  const id = await submit();
  await vi.waitFor(() => expect([...replay(events).keys()]).toEqual([id]));
});

test('HEAD and other spellings are answered as for the events of one job', async () => {
  const { inject } = await start();
  const head = await inject({ method: 'HEAD', url: '/free/events' });
  expect([head.statusCode, head.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const odd = await inject({ url: '/free/%65vents' });
  expect([odd.statusCode, odd.headers.location]).toEqual([308, '/free/events']);
  expect((await inject({ url: '/free/events?x=1' })).statusCode).toBe(400);
});

test('a service that stops ends its streams', async () => {
  const { listen, stop, metrics } = await start();
  const { done } = await listen();
  expect(await metrics.registry.getSingleMetricAsString('mesh_event_streams')).toMatch(/stream="list"[^\n]*} 1/);
  await stop();
  expect((await done)[0]?.event).toBe('jobs');
});
