import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createRawClient, rawPost, readAnswer } from './raw-client.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('requests arrive whole, and a connection is used again for the next', async () => {
  const seen: object[] = [];
  const ports = new Set<unknown>();
  const url = await serve(async (request, response) => {
    const body = (await request.toArray()).join('');
    seen.push({ method: request.method, url: request.url, type: request.headers['content-type'], body });
    ports.add(request.socket.remotePort);
    response.writeHead(seen.length === 1 ? 200 : 503, { 'content-length': 5 }).write('an');
    setTimeout(() => response.end('swe'), 5); // In two pieces.
  });
  const client = createRawClient(url, { timeoutMs: 5_000, connections: 4 });
  onTestFinished(client.close);
  const post = rawPost(url, '/predict', { 'content-type': 'image/png' }, Buffer.from('bytes'));
  expect([await client.request(post), await client.request(post)]).toEqual([200, 503]);
  const request = { method: 'POST', url: '/predict', type: 'image/png', body: 'bytes' };
  expect([seen, ports.size]).toEqual([[request, request], 1]);
});

test('a connection that the server closes after an answer is not used again', async () => {
  const ports = new Set<unknown>();
  const url = await serve((request, response) => {
    ports.add(request.socket.remotePort);
    response.writeHead(503, { connection: 'close', 'content-length': 0 }).end();
  });
  const client = createRawClient(url, { timeoutMs: 5_000, connections: 4 });
  onTestFinished(client.close);
  const post = rawPost(url, '/', {}, Buffer.alloc(0));
  expect([await client.request(post), await client.request(post), ports.size]).toEqual([503, 503, 2]);
});

test('requests wait for a connection when all are in use', async () => {
  let [open, mostOpen] = [0, 0];
  const url = await serve((_request, response) => {
    mostOpen = Math.max(mostOpen, ++open);
    setTimeout(() => {
      open--;
      response.writeHead(200, { 'content-length': 0 }).end();
    }, 5);
  });
  const client = createRawClient(url, { timeoutMs: 5_000, connections: 2 });
  onTestFinished(client.close);
  const post = rawPost(url, '/', {}, Buffer.alloc(0));
  const statuses = await Promise.all(Array.from({ length: 6 }, () => client.request(post)));
  expect([statuses, mostOpen]).toEqual([[200, 200, 200, 200, 200, 200], 2]);
});

test('whoever does not answer in time, or hangs up, has failed', async () => {
  let calls = 0;
  const url = await serve((request) => {
    if (++calls === 2) request.socket.destroy();
  });
  const client = createRawClient(url, { timeoutMs: 50, connections: 1 });
  onTestFinished(client.close);
  const post = rawPost(url, '/', {}, Buffer.alloc(0));
  await expect(client.request(post)).rejects.toThrow('no answer within 0.05 s');
  await expect(client.request(post)).rejects.toThrow(/the connection was closed|ECONNRESET/);
});

test('an answer is there when its last byte is', () => {
  const answer = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nx: y\r\n\r\nabc');
  const parts = [answer.subarray(0, 20), answer.subarray(20, -1)];
  expect([readAnswer(parts.slice(0, 1)), readAnswer(parts), readAnswer([answer])]).toEqual([
    undefined,
    undefined,
    { status: 404, isLast: false },
  ]);
  expect(() => readAnswer([Buffer.from('HTTP/1.1 200 OK\r\n\r\n')])).toThrow('does not say how long it is');
});
