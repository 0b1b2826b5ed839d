import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { fastify } from 'fastify';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sendRaw } from '../web_tier/testing/raw-call.ts';
import { listErrors, problem, toServiceError } from './errors.ts';
import { serverOptions, useProblems } from './http-app.ts';

const app = fastify(serverOptions);
useProblems(app);
app.get<{ Params: { id: string } }>('/jobs/:id', async ({ params }) => ({ length: params.id.length }));
/** Answers that have begun and do not end by themselves. */
const running: ServerResponse[] = [];
app.get('/endless', (_, reply) => {
  reply.hijack();
  reply.raw.writeHead(200).write('the beginning');
  running.push(reply.raw);
});
app.get('/private', () => {
  throw problem('unauthorized', 'send a key');
});
let port: number;

beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(() => app.close());

/** What came back for one request on a connection of its own: status, headers, and the body where it is JSON. */
async function ask(request: string) {
  const [head = '', body = ''] = (await sendRaw(port, request.replaceAll('\n', '\r\n'))).split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.toLowerCase().split(': ')));
  return { status: Number(first.split(' ')[1]), headers, body: body && JSON.parse(body) };
}

const ending = 'Host: mesh\nConnection: close\n\n';

test.each([
  ['a path that is not encoded', `GET /jobs/%zz HTTP/1.1\n${ending}`, 400, 'invalid_request'],
  ['a path in no encoding', `GET /jobs/%ff HTTP/1.1\n${ending}`, 400, 'invalid_request'],
  ['two Host headers', `GET /jobs/a HTTP/1.1\nHost: other\n${ending}`, 400, 'invalid_request'],
  ['an expectation', `GET /jobs/a HTTP/1.1\nExpect: 200-maybe\n${ending}`, 417, 'expectation_failed'],
  ['a tunnel', `CONNECT mesh:80 HTTP/1.1\n${ending}`, 405, 'method_not_allowed'],
  ['headers of 70 kB', `GET /jobs/a HTTP/1.1\nX-A: ${'a'.repeat(70_000)}\n${ending}`, 431, 'headers_too_large'],
  ['a broken header', `GET /jobs/a HTTP/1.1\nX A: b\n${ending}`, 400, 'invalid_request'],
  ['a long path with nothing there', `GET /${'a'.repeat(30_000)} HTTP/1.1\n${ending}`, 404, 'not_found'],
])('%s is refused with a problem of RFC 9457', async (_, request, status, code) => {
  const { title } = listErrors().find((each) => each.code === code)!;
  const answer = await ask(request);
  expect({ ...answer, headers: answer.headers['content-type'] }).toEqual({
    status,
    headers: 'application/problem+json; charset=utf-8',
    body: { type: 'about:blank', title, status, code, detail: expect.stringMatching(/./) },
  });
  expect(answer.headers.connection).toBe('close');
});

test.each([
  ['an id of 2,000 characters', `GET /jobs/${'a'.repeat(2_000)} HTTP/1.1\n${ending}`, 2_000],
  ['headers of 40 kB', `GET /jobs/abc HTTP/1.1\nX-A: ${'a'.repeat(40_000)}\n${ending}`, 3],
  ['a client that waits for the word to go on', `GET /jobs/abc HTTP/1.1\nExpect: 100-Continue\n${ending}`, 3],
  ['HTTP/1.0', 'GET /jobs/abc HTTP/1.0\n\n', 3],
])('%s is taken', async (_, request, length) => {
  const received = await sendRaw(port, request.replaceAll('\n', '\r\n'));
  expect(received).toContain('HTTP/1.1 200 OK');
  expect(received).toContain(`{"length":${length}}`);
});

test('a request that does not arrive in time is answered 408 with the times that its service allows', async () => {
  const patient = fastify({
    ...serverOptions,
    http: { ...serverOptions.http, headersTimeout: 500 },
    requestTimeout: 1_500,
  });
  onTestFinished(() => patient.close());
  useProblems(patient);
  patient.post('/', async () => 'read');
  await patient.listen({ port: 0, host: '127.0.0.1' });
  const { port: itsPort } = patient.server.address() as AddressInfo;
  const received = await sendRaw(
    itsPort,
    'POST / HTTP/1.1\r\nHost: mesh\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\na',
  );
  expect(received).toMatch(/^HTTP\/1.1 408 /);
  expect(JSON.parse(received.split('\r\n\r\n')[1]!)).toEqual({
    type: 'about:blank',
    ...{ title: 'The request took too long to arrive', status: 408, code: 'request_timeout' },
    detail: 'Headers have 0.5 s, and the whole request 1.5 s.',
  });
});

test('a client that asks for a tunnel and resets the connection does no harm to the service', async () => {
  const faults: Error[] = [];
  const catchFault = (fault: Error) => void faults.push(fault);
  process.on('uncaughtException', catchFault);
  onTestFinished(() => void process.off('uncaughtException', catchFault));
  const client = connect(port, '127.0.0.1');
  const closed = new Promise((resolve) => {
    app.server.prependOnceListener('connect', (_, socket: Socket) => {
      socket.once('close', resolve);
      // Before the answer is written, so that the writing fails.
      client.resetAndDestroy();
    });
  });
  client.write(`CONNECT mesh:80 HTTP/1.1\r\n${ending.replaceAll('\n', '\r\n')}`);
  await closed;
  expect(faults).toEqual([]);
});

test('a refusal is not written into an answer that has begun; the connection is closed instead', async () => {
  const client = connect(port, '127.0.0.1');
  let received = '';
  client.on('data', (data) => {
    if (!received) client.write('this is no HTTP\r\n\r\n');
    received += data;
  });
  client.write('GET /endless HTTP/1.1\r\nHost: mesh\r\n\r\n');
  await once(client, 'close');
  expect(running.map(({ destroyed }) => destroyed)).toEqual([true]);
  expect(received).toContain('the beginning');
  expect(received).not.toContain('HTTP/1.1 400');
});

test('a refusal before any route has a request id too', async () => {
  const { headers } = await app.inject({ url: '/jobs/%zz', headers: { 'x-request-id': 'made-by-the-front' } });
  expect(headers['x-request-id']).toBe('made-by-the-front');
});

test('a client without a key is told how to send one', async () => {
  const { statusCode, headers } = await app.inject({ url: '/private' });
  expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="ml-job-mesh"']);
});

const forbidden = 'jobs.batch "a" is forbidden: unable to create new content in namespace free-service because …';

test.each([
  {
    what: 'a missing namespace is an outage',
    failure: { status: 404, reason: 'NotFound', details: { kind: 'namespaces', name: 'free-service' } },
    told: { code: 'not_ready', status: 503, retryAfterSeconds: 5 },
  },
  {
    what: 'a namespace that is being deleted is an outage',
    failure: {
      status: 403,
      reason: 'Forbidden',
      message: forbidden,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    },
    told: { code: 'not_ready', status: 503, retryAfterSeconds: 5 },
  },
  {
    what: 'a missing Job is a missing job',
    failure: { status: 404, reason: 'NotFound', details: { kind: 'jobs', group: 'batch', name: 'a' } },
    told: { code: 'job_not_found', status: 404, retryAfterSeconds: undefined },
  },
])('of what Kubernetes answers, $what', ({ failure, told }) => {
  const { code, status, retryAfterSeconds, message } = toServiceError(new KubernetesError({ message: '', ...failure }));
  expect({ code, status, retryAfterSeconds }).toEqual(told);
  if (code === 'not_ready') expect(message).toContain('namespace free-service');
});
