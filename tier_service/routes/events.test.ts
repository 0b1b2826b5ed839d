import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { listenToEvents, type ReceivedEvent } from '@ml-job-mesh/http-service/testing/event-listener.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';

const result = { accuracy: 97.9, test_images: 10_000, seconds: 8.2 };
const succeeded = {
  phase: 'Succeeded',
  containerStatuses: [{ name: 'classify', state: { terminated: { exitCode: 0, message: JSON.stringify(result) } } }],
} as never;

type Told = { status: string; queue_position: number | null; result: unknown };

async function startWithJob() {
  const tier = await startTestTier();
  const origin = await tier.app.listen({ port: 0, host: '127.0.0.1' });
  const { id } = (await tier.post({ dataset: 'mnist' })).json();
  await vi.waitFor(() => expect(tier.index.get(id)).toBeDefined());
  const listen = (lastId?: string, job = id) =>
    listenToEvents<Told>(`${origin}/free/jobs/${job}/events`, lastId === undefined ? {} : { 'last-event-id': lastId });
  return { ...tier, id, listen };
}

const named = (events: ReceivedEvent<Told>[]) => events.map(({ event, data }) => `${event} ${data.status}`);

test('a listener is told where the job is, every step of it, its result, and then the stream ends', async () => {
  const { listen, id, putPod, endJob } = await startWithJob();
  const { type, events, done } = await listen();
  expect(type).toBe('text/event-stream; charset=utf-8');
  await vi.waitFor(() => expect(named(events)).toEqual(['status queued']));
  putPod(id, { phase: 'Pending' });
  await vi.waitFor(() => expect(named(events)).toContain('status starting'));
  putPod(id, { phase: 'Running' });
  await vi.waitFor(() => expect(named(events)).toContain('status running'));
  putPod(id, succeeded);
  endJob(id, 'Complete');
  expect(named(await done)).toEqual([
    'status queued',
    'status starting',
    'status running',
    'status succeeded',
    'result succeeded',
  ]);
  expect(events.at(-1)!.data).toMatchObject({ id, result });
});

test('whoever comes back with the last id of an ended job is told to stay away, with any other what there is', async () => {
  const { listen, id, putPod, endJob } = await startWithJob();
  putPod(id, succeeded);
  endJob(id, 'Complete');
  const all = await (await listen()).done;
  expect(named(all).at(-1)).toBe('result succeeded');
  expect((await listen(all.at(-1)!.id)).status).toBe(204);
  const resumedFrom = await listen('another');
  expect([resumedFrom.status, named(await resumedFrom.done)]).toEqual([200, ['status succeeded', 'result succeeded']]);
});

test('a job that waits tells its position when that changes, and a silent stream is kept alive', async () => {
  const { listen, post, index, inject, id } = await startWithJob();
  const { id: behind } = (await post({ dataset: 'mnist' })).json();
  await vi.waitFor(() => expect(index.get(behind)).toBeDefined());
  const { events, comments } = await listen(undefined, behind);
  await vi.waitFor(() => expect(comments()).toBeGreaterThan(1));
  const positions = () => events.map(({ event, data }) => [event, data.queue_position]);
  expect(positions()).toEqual([['status', 2]]);
  await inject({ method: 'DELETE', url: `/free/jobs/${id}` });
  await vi.waitFor(() =>
    expect(positions()).toEqual([
      ['status', 2],
      ['status', 1],
    ]),
  );
});

test('a hundred listeners cost the API server nothing', async () => {
  const { listen, id, stub, putPod, endJob } = await startWithJob();
  const before = stub.calls.filter(({ query }) => !query.has('watch')).length;
  const listeners = await Promise.all(Array.from({ length: 100 }, () => listen()));
  expect(stub.calls.filter(({ query }) => !query.has('watch'))).toHaveLength(before);
  putPod(id, succeeded);
  endJob(id, 'Complete');
  const ends = await Promise.all(listeners.map(({ done }) => done));
  expect(new Set(ends.map((events) => named(events).at(-1)))).toEqual(new Set(['result succeeded']));
});

test('an unknown job has no events', async () => {
  const { inject } = await startTestTier();
  const answer = await inject({ url: '/free/jobs/free-job-template-none/events' });
  expect([answer.statusCode, answer.json().code]).toEqual([404, 'job_not_found']);
});

/** Listens, and takes nothing; gives what ends it. */
async function listenDeaf(tier: Awaited<ReturnType<typeof startWithJob>>) {
  const { port } = tier.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /free/jobs/${tier.id}/events HTTP/1.1\r\nHost: tier\r\n\r\n`);
  await once(socket, 'readable');
}

/** Tells so much of a job that the sockets in between cannot hold it. */
function tellMuch({ index, id }: Awaited<ReturnType<typeof startWithJob>>): void {
  const record = index.get(id)!;
  record.state = { ...record.state, error: { code: 'exit_code', message: 'x'.repeat(16_000_000) } };
  index.setProgress(record, { epoch: 1, epochs: 5, step: 1, steps: 600, loss: 1 }, 1);
}

const connections = (tier: Awaited<ReturnType<typeof startWithJob>>) =>
  new Promise<number>((resolve) => tier.app.server.getConnections((_, count) => resolve(count)));

test.each(['while the job waits', 'after the job has ended'])(
  'a listener that takes nothing is sent away, %s',
  async (when) => {
    const tier = await startWithJob();
    await listenDeaf(tier);
    tellMuch(tier);
    if (when.startsWith('after')) {
      tier.putPod(tier.id, succeeded);
      tier.endJob(tier.id, 'Complete');
      await vi.waitFor(() => expect(tier.index.get(tier.id)!.state.status).toBe('succeeded'));
    }
    expect(await connections(tier)).toBe(1);
    await vi.waitFor(async () => expect(await connections(tier)).toBe(0), { timeout: 20_000, interval: 50 });
  },
);

test('a service that stops does not wait for a listener that takes nothing', async () => {
  const tier = await startWithJob();
  await listenDeaf(tier);
  tellMuch(tier);
  await tier.stop();
  expect(await connections(tier)).toBe(0);
});

test('a stream is not begun with memory that may be out of date', async () => {
  const { inject, stub, id } = await startWithJob();
  stub.faultFor = () => ({ status: 500 });
  await vi.waitFor(async () => expect((await inject({ url: '/free/jobs' })).statusCode).toBe(503), { timeout: 20_000 });
  const answer = await inject({ url: `/free/jobs/${id}/events` });
  expect([answer.statusCode, answer.json().code]).toEqual([503, 'cluster_unavailable']);
});

test('a stream that begins while the service stops ends at once', async () => {
  const { listen, hub } = await startWithJob();
  hub.close();
  const { status, done } = await listen();
  expect([status, await done]).toEqual([200, []]);
});
