import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { fastify } from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createEventReaders, type EventReadersOptions } from './event-readers.ts';
import { eventBytes } from './event-stream.ts';
import { serverOptions, useProblems } from './http-app.ts';
import { listenToEvents } from './testing/event-listener.ts';

/** A service with a stream of events at `/events`, whose readers say who they are. */
async function startService(options: Partial<EventReadersOptions> = {}) {
  const readers = createEventReaders({
    snapshotFor: (client) => eventBytes('snapshot', JSON.stringify(client)),
    heartbeatMs: 50,
    ...options,
  });
  const app = fastify(serverOptions as object);
  useProblems(app as never);
  app.get('/events', (request, reply) => {
    readers.open(request as never, reply as never, String(request.headers['x-client'] ?? ''));
  });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    readers.close();
    await app.close();
  });
  return { readers, app, listen: (client = '') => listenToEvents<string>(`${origin}/events`, { 'x-client': client }) };
}

const told = (events: { event: string; data: unknown }[]) => events.map(({ event, data }) => [event, data]);

test('a reader is sent the present state, then what concerns it, and a silent stream is kept alive', async () => {
  const { readers, listen } = await startService();
  const [ann, bob] = await Promise.all([listen('ann'), listen('bob')]);
  readers.send(eventBytes('news', '"for ann"'), (client) => client === 'ann');
  readers.send(eventBytes('news', '"for all"'));
  await vi.waitFor(() => expect(told(bob.events)).toHaveLength(2));
  expect(told(ann.events)).toEqual([
    ['snapshot', 'ann'],
    ['news', 'for ann'],
    ['news', 'for all'],
  ]);
  expect(told(bob.events)).toEqual([
    ['snapshot', 'bob'],
    ['news', 'for all'],
  ]);
  await vi.waitFor(() => expect(bob.comments()).toBeGreaterThan(1));
});

test('whoever is one too many is told to come again, and may when another has gone', async () => {
  const { readers, app, listen } = await startService({ most: 3, mostPerClient: 2 });
  const refusal = async (client: string) => {
    const { statusCode, headers, json } = await app.inject({ url: '/events', headers: { 'x-client': client } });
    return [statusCode, json().code, json().detail, headers['retry-after']];
  };
  const first = await listen('ann');
  await listen('ann');
  const ofAnn = 'this client has 2 of these streams open already';
  expect(await refusal('ann')).toEqual([429, 'too_many_streams', ofAnn, '5']);
  expect((await listen('bob')).status).toBe(200);
  expect(await refusal('eve')).toEqual([429, 'too_many_streams', '3 clients read these events already', '5']);
  first.leave();
  await vi.waitFor(() => expect(readers.size()).toBe(2));
  expect((await listen('ann')).status).toBe(200);
});

test('a reader that has fallen behind is sent the present state, and none of what it missed is kept', async () => {
  let state = 0;
  const { readers, app } = await startService({
    heartbeatMs: 60_000,
    snapshotFor: () => eventBytes('snapshot', String(state)),
  });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.write('GET /events HTTP/1.1\r\nHost: mesh\r\n\r\n');
  await once(socket, 'readable');
  const big = eventBytes('news', `"${'x'.repeat(1_000_000)}"`);
  for (; state < 200; state++) readers.send(big);
  socket.on('data', (data) => (received += data));
  await vi.waitFor(() => expect(received).toContain('event: snapshot\ndata: 200\n\n'), { timeout: 10_000 });
  const news = received.match(/event: news/g)!.length;
  expect(news).toBeLessThan(100);
  readers.send(eventBytes('news', '"last"'));
  await vi.waitFor(() => expect(received).toContain('"last"'));
});

test('a reader that takes nothing is sent away', async () => {
  const { readers, app } = await startService();
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write('GET /events HTTP/1.1\r\nHost: mesh\r\n\r\n');
  await once(socket, 'readable');
  readers.send(eventBytes('news', `"${'x'.repeat(16_000_000)}"`));
  expect(readers.size()).toBe(1);
  await vi.waitFor(() => expect(readers.size()).toBe(0), { timeout: 10_000 });
});

test('streams end when the service stops, and one that begins then ends at once', async () => {
  const { readers, listen } = await startService();
  const { done } = await listen('ann');
  readers.close();
  expect(told(await done)).toEqual([['snapshot', 'ann']]);
  expect(told(await (await listen('bob')).done)).toEqual([]);
});
