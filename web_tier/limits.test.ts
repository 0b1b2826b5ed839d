// What the front proxy does about clients and services that are slow, large, many or gone.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { bodyLimit } from '@ml-job-mesh/http-service';
import { describe, expect, test } from 'vitest';
import { frontHosts, startFront, withoutRateLimit } from './testing/front.ts';
import { openRaw, sendRaw, statusesIn } from './testing/raw-call.ts';
import { type CallResult, call, httpManagerOf } from './testing/real-envoy.ts';
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
  test('takes a body of 16 KiB, as much as a service does, and refuses a larger one before that sees it', () =>
    withFront({}, async (front) => {
      const whole = await front.call({ ...post, body: 'x'.repeat(bodyLimit) });
      expect(JSON.parse(whole.text).body).toHaveLength(bodyLimit);
      const tooLarge = await front.call({ ...post, body: 'x'.repeat(bodyLimit + 1) });
      expect(outcome(tooLarge)).toEqual({ status: 413, code: 'body_too_large', retryAfter: undefined });
      expect(JSON.parse(tooLarge.text).detail).toBe('A body has at most 16 KiB.');
      expect(front.seen()).toHaveLength(1);
    }));

  test('hands 16 MiB on to be classified, and says of each path how much that takes', () =>
    withFront({}, async (front) => {
      const limit = 16 * 1024 * 1024;
      const upload = { method: 'POST', path: '/predict/mnist-cnn?top=1' };
      const whole = await front.call({ ...upload, body: Buffer.alloc(limit, 'x') });
      expect(JSON.parse(whole.text).body).toHaveLength(limit);
      for (const path of ['/predict', '/predict?top=1', '/predict/mnist-cnn']) {
        // Refused for its length, before any of it has come.
        const tooLarge = await front.call({ method: 'POST', path, headers: { 'content-length': `${limit + 1}` } });
        expect(outcome(tooLarge)).toEqual({ status: 413, code: 'body_too_large', retryAfter: undefined });
        expect(JSON.parse(tooLarge.text).detail).toBe('What is sent to be classified has at most 16 MiB.');
      }
      const elsewhere = await front.call({ method: 'POST', path: '/models', body: Buffer.alloc(bodyLimit + 1) });
      expect(JSON.parse(elsewhere.text)).toMatchObject({ status: 413, detail: 'A body has at most 16 KiB.' });
      expect(front.seen()).toHaveLength(1);
    }));

  test('keeps no uploads, however many come at once, and other calls go past them', async () => {
    const slow = await startStubUpstream('ml-backend', {
      answer: (request, response) => void (request.url === '/models' && response.end('{}')),
    });
    await withFront({ upstreams: { [frontHosts.backend]: slow.port } }, async (front) => {
      const before = await memoryOf(front);
      const head = 'POST /predict HTTP/1.1\r\nHost: mesh\r\nContent-Length: 16000000\r\n\r\n';
      const uploads = Array.from({ length: 100 }, () => openRaw(front.port, head + 'x'.repeat(1_000_000)));
      await expect.poll(() => slow.seen.filter(({ path }) => path === '/predict').length).toBe(64);
      expect((await front.call({ path: '/models' })).status).toBe(200);
      // What Envoy holds of each connection is bounded by its buffers, not by what a client sends.
      expect((await memoryOf(front)) - before).toBeLessThan(30_000_000);
      for (const socket of uploads) socket.destroy();
    });
    await slow.stop();
  });

  test('says 503, and when to come again, while a service is away', () =>
    withFront({ upstreams: {} }, async (front) => {
      const away = { status: 503, code: 'service_unavailable', retryAfter: '1' };
      for (const path of ['/free', '/premium', '/config', '/', '/models', '/ping'])
        expect(outcome(await front.call({ path }))).toEqual(away);
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

  test('sends a POST again when its connection was refused, and reaches the service that has come back', async () => {
    const first = await startStubUpstream('free-tier');
    await first.stop();
    // So long a pause that the service is back within it, however slow this machine is.
    const adjust = (bootstrap: unknown) => {
      virtualHostOf(bootstrap).retry_policy.retry_back_off = { base_interval: '3s', max_interval: '3s' };
    };
    await withFront({ upstreams: { [frontHosts.free]: first.port }, adjust }, async (front) => {
      const answer = front.call(post);
      await expect.poll(() => counterOf(front, 'upstream_rq_retry'), { timeout: 10_000, interval: 10 }).toBe(1);
      const restarted = await startStubUpstream('free-tier', { port: first.port });
      expect((await answer).status).toBe(200);
      expect(restarted.seen).toHaveLength(1);
      await restarted.stop();
    });
  });

  test('gives a POST up after five refused connections', () =>
    withFront({ upstreams: {} }, async (front) => {
      expect(outcome(await front.call(post))).toMatchObject({ status: 503, code: 'service_unavailable' });
      expect(await counterOf(front, 'upstream_rq_retry')).toBe(4);
    }));

  test.each([
    ['breaks off requests', (request: IncomingMessage) => void request.socket.destroy()],
    ['says 503', (_: IncomingMessage, response: ServerResponse) => void response.writeHead(503).end()],
  ])('leaves out a replica whose health check passes, and that %s', async (_, answer) => {
    const broken = await startStubUpstream('free-tier', { answer });
    const sound = await startStubUpstream('free-tier');
    const adjust = (bootstrap: unknown) => {
      const { endpoints } = clusterOf(bootstrap, 'free-tier').load_assignment;
      endpoints[0].lb_endpoints.push({ endpoint: { address: addressOf(broken.port) } });
      // Each replica gets every second request.
      clusterOf(bootstrap, 'free-tier').lb_policy = 'ROUND_ROBIN';
    };
    await withFreeTier(sound, { adjust }, async (front) => {
      await expect.poll(() => counterOf(front, 'membership_healthy')).toBe(2);
      const postTen = async () => {
        const statuses: number[] = [];
        for (let i = 0; i < 10; i++) statuses.push((await front.call(post)).status);
        return statuses;
      };
      expect((await postTen()).filter((status) => status === 503)).toHaveLength(5);
      // Envoy gathers such changes for up to a second.
      await expect.poll(postTen, { timeout: 10_000 }).toEqual(Array(10).fill(200));
    });
    await broken.stop();
  });

  test('leaves the only replica in, whatever it says', async () => {
    const busy = await startStubUpstream('free-tier', { answer: (_, response) => void response.writeHead(503).end() });
    await withFreeTier(busy, {}, async (front) => {
      for (let i = 0; i < 20; i++) expect((await front.call(post)).status).toBe(503);
      expect(busy.seen).toHaveLength(20);
      expect(await counterOf(front, 'outlier_detection.ejections_active')).toBe(0);
    });
  });

  test('answers probes while clients hold every connection that it takes', () => {
    const adjust = (bootstrap: Bootstrap) => {
      const monitors: Bootstrap[] = bootstrap.overload_manager.resource_monitors;
      const connections = monitors.find(({ name }) => name.endsWith('global_downstream_max_connections'));
      connections.typed_config.max_active_downstream_connections = 20;
    };
    return withFront({ adjust }, async (front) => {
      const idle = Array.from({ length: 30 }, () => openRaw(front.port, ''));
      const refused = 'http.front.downstream_cx_active: 20';
      await expect
        .poll(async () => (await front.admin('GET', '/stats?filter=front.downstream_cx_active')).text)
        .toContain(refused);
      await expect(front.call({ path: '/healthz' })).rejects.toThrow();
      const probes = await Promise.all(['/healthz', '/livez'].map((path) => call(front.probePort, { path })));
      expect(probes.map(({ status }) => status)).toEqual([200, 200]);
      for (const socket of idle) socket.destroy();
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
type Bootstrap = any;

function clusterOf(bootstrap: Bootstrap, name: string): Bootstrap {
  return bootstrap.static_resources.clusters.find((cluster: Bootstrap) => cluster.name === name);
}

function addressOf(port: number) {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** One of Envoy's statistics on the free tier's cluster. */
async function counterOf(front: Awaited<ReturnType<typeof startFront>>, name: string): Promise<number> {
  const { text } = await front.admin('GET', `/stats?filter=^cluster.free-tier.${name}$`);
  return Number(/: (\d+)/.exec(text)?.[1]);
}

/** The bytes that Envoy has taken from its heap. */
async function memoryOf(front: Awaited<ReturnType<typeof startFront>>): Promise<number> {
  return Number(JSON.parse((await front.admin('GET', '/memory')).text).allocated);
}

function virtualHostOf(bootstrap: Bootstrap) {
  return httpManagerOf(bootstrap).route_config.virtual_hosts[0];
}

/** Shortens the time-outs of the routes that have one. */
function setRouteTimeouts(bootstrap: unknown, timeout: string): void {
  for (const { route } of virtualHostOf(bootstrap).routes) if (route && route.timeout !== '0s') route.timeout = timeout;
}
