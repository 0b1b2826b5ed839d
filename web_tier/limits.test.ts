// What the front proxy does about clients and services that are slow, large, many or gone.

import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { frontHosts, startFront, withoutRateLimit } from './testing/front.ts';
import { openRaw, sendRaw, statusesIn } from './testing/raw-call.ts';
import { type CallResult, httpManagerOf } from './testing/real-envoy.ts';
import { type StubUpstream, startStubUpstream } from './testing/stub-upstream.ts';

type FrontOptions = Parameters<typeof startFront>[0];

/** Runs a test with a front proxy of its own. */
async function withFront(options: FrontOptions, run: (front: Awaited<ReturnType<typeof startFront>>) => Promise<void>) {
  const front = await startFront(options);
  try {
    await run(front);
  } finally {
    await front.stop();
  }
}

/** Runs a test with a front proxy whose free tier is the given stub. */
async function withFreeTier(stub: StubUpstream, options: FrontOptions, run: Parameters<typeof withFront>[1]) {
  try {
    await withFront({ upstreams: { [frontHosts.free]: stub.port }, ...options }, run);
  } finally {
    await stub.stop();
  }
}

/** The parts of an answer that a script goes by. */
function outcome({ status, headers, text }: CallResult) {
  const { code } = headers['content-type'] === 'application/problem+json' ? JSON.parse(text) : { code: undefined };
  return { status, code, retryAfter: headers['retry-after'] };
}

const post = { method: 'POST', path: '/free', body: '{"dataset":"mnist"}' };

describe('The front proxy', () => {
  test('takes a body of 64 KiB, and refuses a larger one before a service sees it', () =>
    withFront({}, async (front) => {
      const whole = await front.call({ ...post, body: 'x'.repeat(65_536) });
      expect(JSON.parse(whole.text).body).toHaveLength(65_536);
      const tooLarge = await front.call({ ...post, body: 'x'.repeat(65_537) });
      expect(outcome(tooLarge)).toEqual({ status: 413, code: 'body_too_large', retryAfter: undefined });
      expect(front.seen()).toHaveLength(1);
    }));

  test('says 503, and when to come again, while a service is away', () =>
    withFront({ upstreams: {} }, async (front) => {
      const away = { status: 503, code: 'service_unavailable', retryAfter: '1' };
      for (const path of ['/free', '/premium', '/config']) expect(outcome(await front.call({ path }))).toEqual(away);
      expect((await front.call({ path: '/healthz' })).status).toBe(200);
    }));

  test('says 504 when a service takes too long', async () => {
    const silent = await startStubUpstream('free-tier', { answer: () => {} });
    const adjust = (bootstrap: unknown) => setRouteTimeouts(bootstrap, '0.3s');
    await withFreeTier(silent, { adjust }, async (front) => {
      const late = { status: 504, code: 'gateway_timeout', retryAfter: undefined };
      expect(outcome(await front.call(post))).toEqual(late);
      expect(silent.seen).toHaveLength(1);
    });
  });

  test('sends a POST again when its connection was refused, until the service is there', async () => {
    const first = await startStubUpstream('free-tier');
    await first.stop();
    const adjust = (bootstrap: unknown) => {
      virtualHostOf(bootstrap).retry_policy.num_retries = 200;
    };
    await withFront({ upstreams: { [frontHosts.free]: first.port }, adjust }, async (front) => {
      const answer = front.call(post);
      await setTimeout(300);
      const restarted = await startStubUpstream('free-tier', { port: first.port });
      expect((await answer).status).toBe(200);
      expect(restarted.seen).toHaveLength(1);
      await restarted.stop();
    });
  });

  test('never sends a POST again that a service may have read', async () => {
    const rude = await startStubUpstream('free-tier', { answer: (request) => void request.socket.destroy() });
    await withFreeTier(rude, {}, async (front) => {
      expect(outcome(await front.call(post))).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(rude.seen).toHaveLength(1);
    });
  });

  test('does not send an error of a service again either', async () => {
    const busy = await startStubUpstream('free-tier', {
      answer: (_, response) =>
        void response.writeHead(503, { 'retry-after': '7' }).end('{"code":"cluster_unavailable"}'),
    });
    await withFreeTier(busy, {}, async (front) => {
      const { status, headers, text } = await front.call(post);
      expect({ status, retryAfter: headers['retry-after'], text }).toEqual({
        status: 503,
        retryAfter: '7',
        text: '{"code":"cluster_unavailable"}',
      });
      expect(busy.seen).toHaveLength(1);
    });
  });

  test('gives up on slow headers, slow bodies and idle connections, and serves others meanwhile', () => {
    const adjust = (bootstrap: unknown) => {
      Object.assign(httpManagerOf(bootstrap), { request_headers_timeout: '0.5s', request_timeout: '1s' });
      httpManagerOf(bootstrap).common_http_protocol_options.idle_timeout = '0.5s';
    };
    return withFront({ adjust }, async (front) => {
      const slow = Array.from({ length: 50 }, () => [
        sendRaw(front.port, 'POST /free HTTP/1.1\r\nHost: mesh\r\nX-A'),
        sendRaw(front.port, 'POST /free HTTP/1.1\r\nHost: mesh\r\nContent-Length: 100\r\n\r\nhello'),
        sendRaw(front.port, ''),
      ]).flat();
      expect((await front.call(post)).status).toBe(200);
      const answers = await Promise.all(slow);
      expect(answers.flatMap(statusesIn)).toEqual(Array(100).fill(408));
      expect(answers.filter((answer) => answer.includes('"code":"request_timeout"'))).toHaveLength(100);
      expect(front.seen()).toHaveLength(1);
    });
  });

  test('gives up on a client that does not read what it asked for', async () => {
    const generous = await startStubUpstream('free-tier', {
      answer: (_, response) => void response.end(Buffer.alloc(50_000_000)),
    });
    const adjust = (bootstrap: unknown) => {
      httpManagerOf(bootstrap).stream_idle_timeout = '0.5s';
    };
    await withFreeTier(generous, { adjust }, async (front) => {
      const lazy = openRaw(front.port, 'GET /free HTTP/1.1\r\nHost: mesh\r\n\r\n');
      lazy.pause();
      const active = async () => (await front.admin('GET', '/stats?filter=downstream_rq_active')).text;
      await expect.poll(active, { timeout: 10_000 }).toContain('http.front.downstream_rq_active: 1');
      await expect.poll(active, { timeout: 10_000 }).toContain('http.front.downstream_rq_active: 0');
      lazy.destroy();
    });
  });

  test('serves HTTP/2 in the same way', () =>
    withFront({}, async (front) => {
      const session = connectHttp2(`http://127.0.0.1:${front.port}`);
      const stream = session.request({ ':method': 'POST', ':path': '/free/../premium' });
      stream.end('{}');
      const [headers] = await once(stream, 'response');
      expect(headers).toMatchObject({ ':status': 200, upstream: 'premium-tier' });
      session.destroy();
    }));

  test('fails its health check and asks clients to connect anew while it drains, and still answers', () =>
    withFront({}, async (front) => {
      await front.admin('POST', '/healthcheck/fail');
      expect((await front.call({ path: '/healthz' })).status).toBe(503);
      const socket = openRaw(front.port, 'GET /free HTTP/1.1\r\nHost: mesh\r\n\r\n');
      const answer = String(await once(socket, 'data'));
      expect(statusesIn(answer)).toEqual([200]);
      expect(answer).toContain('connection: close');
      socket.destroy();
    }));

  test('limits nobody unless it is told to', () =>
    withFront({}, async (front) => {
      const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await front.call(post)).status));
      expect(statuses).toEqual(Array(200).fill(200));
    }));

  test('limits what each client sends, and its POSTs more, when requests have a price', () =>
    withFront({ env: { ...withoutRateLimit, RATE_LIMIT_POST_COST: '3000000' } }, async (front) => {
      const answers: ReturnType<typeof outcome>[] = [];
      for (let i = 0; i < 5; i++) answers.push(outcome(await front.call(post)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
      expect(answers[3]).toEqual({ status: 429, code: 'rate_limited', retryAfter: '1' });
      expect((await front.call({ path: '/free/jobs' })).status).toBe(200);
      await expect.poll(async () => (await front.call(post)).status, { timeout: 15_000, interval: 500 }).toBe(200);
    }));
});

// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has types in its own protocol buffers only.
function virtualHostOf(bootstrap: any) {
  return httpManagerOf(bootstrap).route_config.virtual_hosts[0];
}

/** Shortens the time-outs of the routes that have one. */
function setRouteTimeouts(bootstrap: unknown, timeout: string): void {
  for (const { route } of virtualHostOf(bootstrap).routes) if (route.timeout !== '0s') route.timeout = timeout;
}
