import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../limits.ts';
import { pngOf } from '../testing/request-bodies.ts';
import { startTestService } from '../testing/test-service.ts';

const image = pngOf(new Uint8Array(784));

async function startListening(room: { callsAtATime?: number; bytesAtATime?: number } = {}) {
  const service = await startTestService({ models: [{ detours: 100 }], ...room });
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = service.app.server.address() as AddressInfo;
  const post = (path = '/predict') => fetch(`${url}${path}`, { method: 'POST', body: image });
  return { ...service, port, url, post };
}

/** A client that sends the beginning of a call, and what it has been answered. */
async function begin(port: number, header: string, body: string | Buffer) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const client = { socket, received: '', closed: once(socket, 'close') };
  socket.on('data', (data) => {
    client.received += data;
  });
  socket.write(`POST /predict HTTP/1.1\r\nhost: x\r\n${header}\r\n\r\n`);
  socket.write(body);
  return client;
}

const problemOf = (received: string) => JSON.parse(received.slice(received.indexOf('\r\n\r\n')));

test.each(['/predict', '/%70redict', '/predict/mnist-cnn'])(
  'calls of %s beyond those that are answered at a time are refused at once, and health checks are not',
  async (path) => {
    const { post, url, metrics, logged } = await startListening({ callsAtATime: 4 });
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(path)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(4);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      const { status, headers } = answer;
      expect([status, headers.get('retry-after'), headers.get('content-type'), await answer.json()]).toEqual([
        503,
        '1',
        'application/problem+json; charset=utf-8',
        {
          type: 'about:blank',
          title: 'The service has more to do than it can',
          status: 503,
          detail: 'too many calls are being answered; this one was not read',
          code: 'overloaded',
        },
      ]);
      expect(headers.get('x-request-id')).toMatch(/./);
    }
    expect((await fetch(`${url}/ping`)).status).toBe(200);
    expect((await post()).status).toBe(200);
    expect(await metrics.registry.getSingleMetricAsString('mesh_predictions_refused_total')).toContain(
      ` ${refused.length}`,
    );
    expect(logged).toEqual([]);
  },
);

test.each([
  ['a length', `content-length: ${limits.bodyBytes}`, 'a'],
  ['no length', 'transfer-encoding: chunked', '1\r\na\r\n'],
])('bodies that are announced with %s and never sent take no room from others', async (_, header, body) => {
  const { post, port, load } = await startListening();
  const room = limits.bytesAtATime / limits.bodyBytes;
  const clients = await Promise.all(Array.from({ length: 2 * room }, () => begin(port, header, body)));
  await expect.poll(load.calls).toBe(2 * room);
  expect((await post()).status).toBe(200);
  for (const { socket } of clients) socket.destroy();
  await expect.poll(load.calls).toBe(0);
});

test('what has come of all bodies is counted until their calls end, and what is beyond is refused while it comes', async () => {
  const { post, port, load } = await startListening({ bytesAtATime: 100_000 });
  const header = 'content-length: 1000000';
  const first = await begin(port, header, Buffer.alloc(90_000));
  await expect.poll(load.bytes).toBe(90_000);
  const second = await begin(port, header, Buffer.alloc(20_000));
  await second.closed;
  expect(second.received).toMatch(/^HTTP\/1.1 503 /);
  expect(second.received).toContain('\r\nretry-after: 1\r\n');
  expect(problemOf(second.received)).toMatchObject({ status: 503, code: 'overloaded' });
  expect([first.received, load.refused(), (await post()).status]).toEqual(['', 1, 200]);
  first.socket.destroy();
  await expect.poll(load.bytes).toBe(0);
});

test('a body that comes too slowly is answered 408, and one that is fast enough is waited for', async () => {
  const { port } = await startListening();
  const header = `content-length: ${limits.bodyBytes}`;
  const { bytesPerSecond, afterMs } = limits.slowestUpload;
  const fast = await begin(port, header, Buffer.alloc(bytesPerSecond * 10));
  const start = performance.now();
  const slow = await begin(port, header, Buffer.alloc(bytesPerSecond));
  await slow.closed;
  expect(performance.now() - start).toBeGreaterThan(afterMs - 100);
  expect(slow.received).toMatch(/^HTTP\/1.1 408 /);
  expect(problemOf(slow.received)).toEqual({
    type: 'about:blank',
    ...{ title: 'The request took too long to arrive', status: 408, code: 'request_timeout' },
    detail: 'the body came slower than 64 KiB/s, which it has to reach after 2 s; send a smaller image',
  });
  expect([fast.received, fast.socket.closed]).toEqual(['', false]);
}, 20_000);
