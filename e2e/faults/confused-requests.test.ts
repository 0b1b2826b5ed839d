// Requests that two readers could take for different ones, through the real Envoys to the real tiers: what a tier read
// is in its own log. web_tier/edge.test.ts has many more of them, at the front alone.
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { sendRaw, statusesIn } from '../../web_tier/testing/raw-call.ts';
import { ask, clearJobs, front, jobNamespaces, listJobs } from '../mesh.ts';
import { serviceLog } from './service-pods.ts';

const port = Number(new URL(front).port);
const closing = 'Host: mesh\r\nConnection: close\r\n';

beforeEach(clearJobs);

/** The paths that each tier has answered since a moment. */
async function pathsRead(since: Date): Promise<Record<'free' | 'premium', string[]>> {
  const [free, premium] = await Promise.all(
    (['free', 'premium'] as const).map(async (tier) =>
      (await serviceLog(tier, `${tier}-tier`, since)).flatMap((line) => {
        const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
        return msg === 'answered' && url !== undefined ? [url] : [];
      }),
    ),
  );
  return { free: free!, premium: premium! };
}

/** Asks each tier for a path that nobody else asks for, and waits until the logs have it: then they have all before. */
async function settledPaths(since: Date) {
  const last = randomUUID();
  await Promise.all(['free', 'premium'].map((tier) => ask(`/${tier}/${last}`)));
  return vi.waitFor(
    async () => {
      const read = await pathsRead(since);
      for (const tier of ['free', 'premium'] as const) expect(read[tier]).toContain(`/${tier}/${last}`);
      return read;
    },
    { timeout: 10_000, interval: 200 },
  );
}

async function countJobs(): Promise<number> {
  return (await Promise.all(jobNamespaces.map(listJobs))).flat().length;
}

test('no path, however it is written, reaches a tier that it does not belong to', async () => {
  const since = new Date();
  const mark = randomUUID();
  const paths = [
    ...['//', '/./', '/../', '/%2e/', '/x/..//', '/premium/../', '/img-classification/../', '/img-classification/..//'],
    ...['/free%2f..%2f', '/free/..%2f', '/free/%5c..%5c', '/free/..;/', '/free/%252e%252e/', '/free\\..\\', '/free#/'],
    ...['/free/%00/', '/free/../', '/free/%2e%2e/', '/free/.%2E//', '/free/jobs/../../', '/FREE/../', '/freedom/'],
    ...['/freedom/../', '/free-tier/../', '/config/../', '/config/..%2f', '/healthz/../', 'http://premium-tier/', '*'],
  ].flatMap((start) => [`${start}free/${mark}`, `${start}premium/${mark}`, `${start}freedom/${mark}`]);
  const outcomes = await Promise.all(
    paths.map(async (path) => [path, statusesIn(await sendRaw(port, `GET ${path} HTTP/1.1\r\n${closing}\r\n`))]),
  );
  // Nothing is served at these: whoever answers says so, and nobody is so confused as to fail.
  expect(outcomes).toEqual(paths.map((path) => [path, [expect.toBeOneOf([400, 404])]]));
  const read = await settledPaths(since);
  for (const tier of ['free', 'premium'] as const) {
    const marked = read[tier].filter((path) => path.includes(mark));
    expect(marked.length).toBeGreaterThan(0);
    const foreign = marked.filter((path) => !path.startsWith(`/${tier}/`) && !path.startsWith('/img-classification/'));
    expect(foreign).toEqual([]);
  }
});

test('no request is smuggled to a tier inside another, and none of them makes a Job', async () => {
  const since = new Date();
  const mark = randomUUID();
  const hidden = `POST /premium HTTP/1.1\r\nHost: mesh\r\nX-Mark: ${mark}\r\nContent-Length: 19\r\n\r\n{"dataset":"mnist"}`;
  const hiddenGet = `GET /premium/${mark} HTTP/1.1\r\nHost: mesh\r\n\r\n`;
  const post = (headers: string, body: string) => `POST /free/${mark} HTTP/1.1\r\n${closing}${headers}\r\n${body}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const attempts = {
    'two lengths': post('Content-Length: 0\r\nContent-Length: 50\r\n', hiddenGet),
    'two lengths in one header': post('Content-Length: 0, 50\r\n', hiddenGet),
    'a signed length': post('Content-Length: +0\r\n', hiddenGet),
    'a negative length': post('Content-Length: -1\r\n', hiddenGet),
    'a length in hexadecimal': post('Content-Length: 0x0\r\n', hiddenGet),
    'a length and chunks': post(`Content-Length: 5\r\n${chunked}`, `0\r\n\r\n${hidden}`),
    'chunks and a length': post(`${chunked}Content-Length: 5\r\n`, `0\r\n\r\n${hiddenGet}`),
    'a coding twice': post(`${chunked}${chunked}`, `0\r\n\r\n${hiddenGet}`),
    'an unknown coding': post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hiddenGet}`),
    'a coding after chunks': post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${hiddenGet}`),
    'a space before the colon': post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${hiddenGet}`),
    'a folded header': post('X: y\r\n Transfer-Encoding: chunked\r\n', `0\r\n\r\n${hiddenGet}`),
    'a chunk size in C': post(chunked, `0x5\r\nhello\r\n0\r\n\r\n${hiddenGet}`),
    'a negative chunk': post(chunked, `-1\r\n\r\n${hiddenGet}`),
    'a chunk without its end': post(chunked, `5\r\nhelloX0\r\n\r\n${hiddenGet}`),
    'a chunk beyond all numbers': post(chunked, `fffffffffffffffff\r\n\r\n${hiddenGet}`),
    'a line that ends in CR': post('X: a\rTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hiddenGet}`),
    'a NUL in a header': post('X: a\0b\r\n', hiddenGet),
    'a body that nobody announced': post('', hiddenGet),
    'no version': `GET /free/${mark}\r\n\r\n${hiddenGet}`,
    'chunks in HTTP/1.0': `POST /free/${mark} HTTP/1.0\r\nHost: mesh\r\n${chunked}\r\n0\r\n\r\n${hiddenGet}`,
    'an upgrade to HTTP/2': `GET /free/${mark} HTTP/1.1\r\nHost: mesh\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n${hiddenGet}`,
    'a tunnel': `CONNECT premium-tier.premium-tier:8080 HTTP/1.1\r\nHost: premium-tier.premium-tier:8080\r\nConnection: close\r\n\r\n${hiddenGet}`,
  };
  const outcomes = await Promise.all(
    Object.entries(attempts).map(async ([name, bytes]) => ({ name, statuses: statusesIn(await sendRaw(port, bytes)) })),
  );
  for (const { name, statuses } of outcomes) {
    // One answer at most, and it is a refusal: a second one would be the hidden request's.
    expect([name, statuses.length, statuses.filter((status) => status < 400)]).toEqual([
      name,
      expect.toBeOneOf([0, 1]),
      [],
    ]);
  }
  const read = await settledPaths(since);
  expect(read.premium.filter((path) => path.includes(mark) || path === '/premium')).toEqual([]);
  expect(await countJobs()).toBe(0);
});

/** What came back on a connection: the status, and the code of a problem. */
async function answerTo(request: string) {
  const received = await sendRaw(port, request.replaceAll('\n', '\r\n'));
  const [status] = statusesIn(received);
  const isProblem = /^content-type: application\/problem\+json/im.test(received);
  return { status, code: isProblem ? /"code":"(\w+)"/.exec(received)?.[1] : undefined };
}

const ending = 'Host: mesh\nConnection: close\n\n';

test.each([
  ['a path in no encoding', `GET /free/jobs/%ff HTTP/1.1\n${ending}`, 400, 'invalid_request'],
  ['a path that is not encoded', `GET /premium/jobs/%zz HTTP/1.1\n${ending}`, 400, 'invalid_request'],
  ['an id of 300 characters', `GET /free/jobs/${'a'.repeat(300)} HTTP/1.1\n${ending}`, 404, 'job_not_found'],
  ['an unknown expectation', `GET /free/jobs HTTP/1.1\nExpect: 200-maybe\n${ending}`, 417, 'expectation_failed'],
  ['two hosts', `GET /free/jobs HTTP/1.1\nHost: other\n${ending}`, 400, 'invalid_request'],
  ['a tunnel', 'CONNECT premium-tier:8080 HTTP/1.1\nHost: premium-tier:8080\n\n', 403, 'refused_by_proxy'],
  ['a method that no path takes', `PROPFIND /config HTTP/1.1\n${ending}`, 405, 'method_not_allowed'],
  ['headers of 33 kB', `GET /free/jobs HTTP/1.1\nX-A: ${'a'.repeat(33_000)}\n${ending}`, 431, 'headers_too_large'],
])('%s is refused in the form of every other error', async (_, request, status, code) => {
  expect(await answerTo(request)).toEqual({ status, code });
});

test.each(['/free/jobs', '/premium/jobs', '/config'])('headers of 30 kB and HTTP/1.0 are taken at %s', async (path) => {
  expect(await answerTo(`GET ${path} HTTP/1.1\nX-A: ${'a'.repeat(30_000)}\n${ending}`)).toMatchObject({ status: 200 });
  expect(await answerTo(`GET ${path} HTTP/1.0\n\n`)).toMatchObject({ status: 200 });
});
