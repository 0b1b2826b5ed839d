// What an attacker would try so that the front proxy and the services read one request differently.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFront } from './testing/front.ts';
import { sendRaw, statusesIn } from './testing/raw-call.ts';
import { httpManagerOf } from './testing/real-envoy.ts';

let front: Awaited<ReturnType<typeof startFront>>;

beforeAll(async () => {
  // A connection that it refused is kept for a moment, until the client has read why: a shorter one here.
  front = await startFront({
    adjust: (bootstrap) => {
      httpManagerOf(bootstrap).delayed_close_timeout = '0.02s';
    },
  });
}, 60_000);
afterAll(() => front.stop());
beforeEach(() => front.stubs.forEach(({ seen }) => void seen.splice(0)));

/** What each service has seen, e.g. `free-tier /free`. */
function seenPaths(): string[] {
  return front.stubs.flatMap(({ name, seen }) => seen.map(({ path }) => `${name} ${path}`));
}

/** A request on a connection that ends with it. */
function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: mesh\r\nConnection: close\r\n\r\n`;
}

describe('A path that could be read in two ways', () => {
  test.each([
    ['//free', 'free-tier /free'],
    ['/free//jobs', 'free-tier /free/jobs'],
    ['/./free', 'free-tier /free'],
    ['/free/.', 'free-tier /free/'],
    ['/../../free', 'free-tier /free'],
    ['/%66ree', 'free-tier /free'],
    ['/free?/../premium', 'free-tier /free?/../premium'],
    ['/free/%252e%252e/premium', 'free-tier /free/%252e%252e/premium'],
    ['/img-classification/../free', 'free-tier /free'],
    ['/free/../premium', 'premium-tier /premium'],
    ['/free/%2e%2e/premium', 'premium-tier /premium'],
    ['/free/.%2e/premium', 'premium-tier /premium'],
    ['/free\\..\\premium', 'premium-tier /premium'],
    ['//premium/free', 'premium-tier /premium/free'],
    ['/premium/../free/jobs', 'free-tier /free/jobs'],
    ['/free/jobs/%2e%2e/logs', 'grader-interface /free/logs'],
    ['http://premium-tier/free', 'free-tier /free'],
    ['/free/..', 'ml-frontend /'],
  ])('reaches %s normalised, at the service that the normalised path belongs to: %s', async (path, expected) => {
    expect(statusesIn(await sendRaw(front.port, get(path)))).toEqual([200]);
    expect(seenPaths()).toEqual([expected]);
  });

  test.each([
    ['/free%2fjobs', 400],
    ['/free/..%2fpremium', 400],
    ['/free/..%2Fpremium', 400],
    ['/free/%5c..%5cpremium', 400],
    ['/free%00', 400],
    ['/free#/premium', 400],
    ['free', 400],
    ['/free /premium', 400],
    ['*', 400],
    ['/free;x', 404],
    ['/free%', 404],
    ['/free%zz', 404],
    ['/free%20', 404],
    ['/freedom/../freedom', 404],
  ])('is refused: %s (%i)', async (path, status) => {
    const answer = await sendRaw(front.port, get(path));
    expect(statusesIn(answer)).toEqual([status]);
    expect(answer).toContain('content-type: application/problem+json');
    expect(seenPaths()).toEqual([]);
  });
});

const smuggled = 'GET /premium/smuggled HTTP/1.1\nHost: mesh\n\n';

describe('A request that two readers would cut differently', () => {
  test.each([
    ['a length and chunks', `Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n${smuggled}`],
    ['chunks and a length', `Transfer-Encoding: chunked\nContent-Length: 5\n\n0\n\n${smuggled}`],
    ['two lengths', `Content-Length: 5\nContent-Length: 6\n\nhello${smuggled}`],
    ['one length twice', `Content-Length: 5\nContent-Length: 5\n\nhello${smuggled}`],
    ['a list of lengths', `Content-Length: 5, 5\n\nhello${smuggled}`],
    ['a signed length', `Content-Length: +5\n\nhello${smuggled}`],
    ['a negative length', `Content-Length: -1\n\n${smuggled}`],
    ['a hexadecimal length', `Content-Length: 0x5\n\nhello${smuggled}`],
    ['a length that is too large for a number', `Content-Length: 18446744073709551621\n\nhello${smuggled}`],
    ['a space before the colon of the length', `Content-Length : 5\n\nhello${smuggled}`],
    ['a space before the colon of the encoding', `Transfer-Encoding : chunked\n\n0\n\n${smuggled}`],
    ['an unknown encoding', `Transfer-Encoding: xchunked\n\n0\n\n${smuggled}`],
    ['an encoding after chunked', `Transfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n${smuggled}`],
    ['an encoding before chunked', `Transfer-Encoding: identity, chunked\n\n0\n\n${smuggled}`],
    ['a control character in the encoding', `Transfer-Encoding: \x0bchunked\n\n0\n\n${smuggled}`],
    ['a zero byte in a header', `X-A: b\0c\n\n${smuggled}`],
    ['a chunk size that is no number', `Transfer-Encoding: chunked\n\nzz\nhello\n0\n\n${smuggled}`],
    ['a chunk size with a prefix', `Transfer-Encoding: chunked\n\n0x5\nhello\n0\n\n${smuggled}`],
    ['a negative chunk size', `Transfer-Encoding: chunked\n\n-5\nhello\n0\n\n${smuggled}`],
    ['a chunk size that overflows', `Transfer-Encoding: chunked\n\nfffffffffffffffff\nhello\n0\n\n${smuggled}`],
    ['an underscore for a hyphen', `Content_Length: 5\n\nhello${smuggled}`],
  ])('is refused, and the connection with it: %s', async (_, rest) => {
    const answer = await sendRaw(front.port, `POST /free HTTP/1.1\nHost: mesh\n${rest}`.replaceAll('\n', '\r\n'));
    expect(statusesIn(answer)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|501)/);
    expect(answer).toContain('connection: close');
    expect(seenPaths()).toEqual([]);
  });

  test.each([
    ['no host', 'GET /free HTTP/1.1\n\n', 400],
    ['two hosts', `GET /free HTTP/1.1\nHost: mesh\nHost: other\n\n${smuggled}`, 400],
    ['one host twice', `GET /free HTTP/1.1\nHost: mesh\nHost: mesh\n\n${smuggled}`, 400],
    ['a host with a comma', `GET /free HTTP/1.1\nHost: mesh, other\n\n${smuggled}`, 400],
    ['a broken method', 'GE(T /free HTTP/1.1\nHost: mesh\n\n', 400],
    [
      'a line feed in a chunk extension',
      'POST /free HTTP/1.1\nHost: mesh\nTransfer-Encoding: chunked\n\n5;\rhello\n0\n\n',
      400,
    ],
  ])('is refused as a whole: %s', async (_, request, status) => {
    const answer = await sendRaw(front.port, request.replaceAll('\n', '\r\n').replaceAll('\r\r\n', '\n'));
    expect(statusesIn(answer)).toEqual([status]);
    expect(answer).toContain('content-type: application/problem+json');
    expect(answer).toContain('connection: close');
    expect(seenPaths()).toEqual([]);
  });

  // HTTP/1.0 has no host, no chunks and no second request; Envoy takes any version but 1.1 for it.
  test.each([
    ['HTTP/1.0', `GET /free HTTP/1.0\n\n${smuggled}`],
    ['HTTP/1.0 that would keep its connection', `GET /free HTTP/1.0\nConnection: keep-alive\n\n${smuggled}`],
    ['HTTP/1.0 with a body', `POST /free HTTP/1.0\nContent-Length: 46\n\n${smuggled}${smuggled}`],
    ['HTTP/1.0 with chunks', `POST /free HTTP/1.0\nTransfer-Encoding: chunked\n\n0\n\n${smuggled}`],
    ['no version', `GET /free\n\n${smuggled}`],
    ['a version that is not there yet', `GET /free HTTP/1.2\nHost: mesh\n\n${smuggled}`],
  ])('is answered alone, and the connection ends: %s', async (_, request) => {
    const answer = await sendRaw(front.port, request.replaceAll('\n', '\r\n'));
    expect(statusesIn(answer)).toEqual([200]);
    expect(seenPaths()).toEqual(['free-tier /free']);
  });

  test.each([
    ['a chunk extension', 'Transfer-Encoding: chunked\n\n5;a=b\nhello\n0\n\n', 'hello'],
    ['trailers', 'Transfer-Encoding: chunked\n\n5\nhello\n0\nContent-Length: 99\n\n', 'hello'],
    ['a length among the hop-by-hop headers', 'Connection: close, content-length\nContent-Length: 5\n\nhello', 'hello'],
    ['a request in the body', `Content-Length: 46\n\n${smuggled}`, smuggled.replaceAll('\n', '\r\n')],
    ['a folded header', 'X-A: b\n Content-Length: 5\n\n', ''],
    ['a bare carriage return', 'X-A: b\rTransfer-Encoding: chunked\n\n', ''],
  ])('reaches the one service with plain bounds: %s', async (_, rest, body) => {
    const head = rest.includes('Connection:') ? '' : 'Connection: close\n';
    await sendRaw(front.port, `POST /free HTTP/1.1\nHost: mesh\n${head}${rest}`.replaceAll('\n', '\r\n'));
    expect(seenPaths()).toEqual(['free-tier /free']);
    expect(front.stubs[0]!.seen[0]!.body).toBe(body);
  });
});

test('An old health check is answered in its own version of HTTP', async () => {
  const answer = await sendRaw(front.port, 'GET /healthz HTTP/1.0\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.0 200 OK/);
});

test.each([
  ['an upgrade', 'GET /free HTTP/1.1\r\nHost: mesh\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['a tunnel', 'CONNECT premium-tier:8080 HTTP/1.1\r\nHost: premium-tier:8080\r\n\r\n'],
])('Connections are not turned into anything else: %s', async (_, request) => {
  const answer = await sendRaw(front.port, request);
  expect(statusesIn(answer)).toEqual([403]);
  expect(answer).toContain('"code":"refused_by_proxy"');
  expect(seenPaths()).toEqual([]);
});

test.each([
  ['too long', `X-A: ${'a'.repeat(40_000)}\r\n`],
  ['too many', Array.from({ length: 70 }, (_, i) => `X-${i}: a\r\n`).join('')],
])('Headers that are %s are 431', async (_, headers) => {
  const answer = await sendRaw(front.port, `GET /free HTTP/1.1\r\nHost: mesh\r\n${headers}\r\n`);
  expect(statusesIn(answer)).toEqual([431]);
  expect(answer).toContain('"code":"headers_too_large"');
});
