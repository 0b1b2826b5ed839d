// What the front proxy promises its clients in the protocols themselves, and who may give it orders.
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { frontHosts, startFront, withoutRateLimit } from './testing/front.ts';
import { openRaw, sendRaw } from './testing/raw-call.ts';
import { httpManagerOf, type RealEnvoyOptions } from './testing/real-envoy.ts';
import { startStubUpstream } from './testing/stub-upstream.ts';

async function start(options: Partial<RealEnvoyOptions> = {}) {
  const front = await startFront(options);
  onTestFinished(() => front.stop());
  return front;
}

/** A stub of the free tier for one test. */
async function startTier(...stub: Parameters<typeof startStubUpstream>) {
  const tier = await startStubUpstream(...stub);
  onTestFinished(() => tier.stop());
  return tier;
}

/** The status of a request that comes from one of this machine's own addresses. */
async function askFrom(address: string, port: number, path: string): Promise<number> {
  const call = request({ host: '127.0.0.1', port, path, localAddress: address, agent: false }).end();
  const [response] = await once(call, 'response');
  response.resume();
  return response.statusCode;
}

/** When the kernel will ask whether the other side of a port's connection is still there, in seconds; undefined: never. */
function keepaliveOf(port: number): number | undefined {
  const [, ...lines] = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
  const established = '01';
  for (const line of lines) {
    const [, local, , state, , timer] = line.trim().split(/\s+/);
    if (!local!.endsWith(`:${hex(port)}`) || state !== established) continue;
    const [kind, ticks] = timer!.split(':');
    return kind === '02' ? Number.parseInt(ticks!, 16) / 100 : undefined;
  }
  throw new Error(`there is no connection at port ${port}`);
}

describe('The front proxy', () => {
  test('tells a client of HTTP/2 how many streams it may open, and how much it may send at once', async () => {
    const { port } = await start();
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    const { maxConcurrentStreams, initialWindowSize } = session.remoteSettings;
    const stream = session.request({ ':path': '/healthz' });
    await once(stream, 'response');
    expect([maxConcurrentStreams, initialWindowSize]).toEqual([100, 65_536]);
    expect(session.state.remoteWindowSize).toBe(1_048_576);
  });

  test.runIf(process.platform === 'linux')(
    'has the kernel ask silent clients within 30 s whether they are there',
    async () => {
      const { port } = await start();
      const socket = openRaw(port, '');
      onTestFinished(() => void socket.destroy());
      await expect.poll(() => keepaliveOf(port)).toBeGreaterThan(0);
      expect(keepaliveOf(port)).toBeLessThanOrEqual(30);
    },
  );

  test('says 502 when what a service says is no HTTP', async () => {
    const babbler = createServer((socket) => {
      // Health checks are to find it well, or nobody is sent here.
      socket.once('data', (data) => {
        socket.end(String(data).includes('healthz') ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : 'what?\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(babbler, 'listening');
    onTestFinished(() => void babbler.close());
    const { port } = babbler.address() as { port: number };
    const front = await start({ upstreams: { [frontHosts.free]: port } });
    const { status, text } = await front.call({ path: '/free/jobs' });
    expect([status, JSON.parse(text).code]).toEqual([502, 'bad_gateway']);
  });

  test('sends nothing to a replica that says that it is not well', async () => {
    const sick = createServer((socket) => void socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(sick, 'listening');
    onTestFinished(() => void sick.close());
    const well = await startTier('free-tier');
    const { port } = sick.address() as { port: number };
    const front = await start({
      upstreams: { [frontHosts.free]: well.port },
      adjust: ({ static_resources: { clusters } }) => {
        const [{ load_assignment }] = clusters;
        const address = { socket_address: { address: '127.0.0.1', port_value: port } };
        load_assignment.endpoints[0].lb_endpoints.push({ endpoint: { address } });
        // It is the health check that has to find it.
        for (const each of clusters) delete each.outlier_detection;
      },
    });
    await expect
      .poll(async () => (await front.admin('GET', '/stats?filter=^cluster.free-tier.health_check.failure')).text)
      .not.toMatch(/failure: 0/);
    const answers = await Promise.all(Array.from({ length: 30 }, () => front.call({ path: '/free' })));
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200));
  });

  test('limits what each client asks for by its address, however many there are', async () => {
    const front = await start({ env: { ...withoutRateLimit, RATE_LIMIT_REQUEST_COST: '9000000' } });
    const ask = (client: number) => askFrom(`127.0.1.${client}`, front.port, '/free');
    const clients = Array.from({ length: 60 }, (_, i) => i + 1);
    expect(await Promise.all(clients.map(ask))).toEqual(clients.map(() => 200));
    // Each has used up its account, the first of them too.
    expect(await Promise.all(clients.map(ask))).toEqual(clients.map(() => 429));
  });

  test('gives headers less time than a body', async () => {
    const { port } = await start({
      adjust: (bootstrap) => {
        httpManagerOf(bootstrap).request_headers_timeout = '0.3s';
      },
    });
    expect(await sendRaw(port, 'POST /free HTTP/1.1\r\nHost: mesh\r\nX-A')).toMatch(/^HTTP\/1\.1 408/);
  });

  test('ends connections to the port of probes that say nothing', async () => {
    const { probePort } = await start({
      adjust: (bootstrap) => {
        const [, { filter_chains }] = bootstrap.static_resources.listeners;
        const probes = filter_chains[0].filters[0].typed_config;
        Object.assign(probes, {
          request_headers_timeout: '0.3s',
          common_http_protocol_options: { idle_timeout: '0.3s' },
        });
        delete httpManagerOf(bootstrap).common_http_protocol_options.idle_timeout;
      },
    });
    expect(await sendRaw(probePort, '')).toBe('');
    expect(await sendRaw(probePort, 'GET /healthz HTTP/1.1\r\nHost')).toMatch(/^HTTP\/1\.1 408/);
  });

  test('takes orders from its own user alone, at a socket', async () => {
    const { folder } = await start();
    const { mode } = statSync(join(folder, 'admin.sock'));
    expect((mode & 0o777).toString(8)).toBe('600');
  });
});
