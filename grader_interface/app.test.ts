import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { loadClients } from '@ml-job-mesh/http-service';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildGraderApp } from './app.ts';
import { type ClusterFeed, startClusterFeed } from './cluster-feed.ts';
import { createClusterReader } from './cluster-reader.ts';
import { type PodWatch, startPodWatch } from './pod-watch.ts';
import { type StubApiServer, startStubApiServer } from './testing/stub-api-server.ts';
import type { WatchedPod } from './watched-pod.ts';

/** Long enough for a busy machine; nothing here is about speed. */
vi.setConfig({ testTimeout: 40_000 });
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

let stub: StubApiServer;
let cluster: ReturnType<typeof connectToCluster>;
let pods: PodWatch;
let feed: ClusterFeed;
let app: FastifyInstance;

beforeEach(async () => {
  stub = await startStubApiServer();
  cluster = connectToCluster({ kubeconfig: stub.kubeconfig });
  pods = startPodWatch(cluster);
  feed = startClusterFeed(cluster, { pods });
  app = buildGraderApp({ pods, feed, ...createClusterReader(cluster) });
  await eventually(() => expect(pods.staleForMs()).toBe(0));
});

afterEach(async () => {
  await app.close();
  feed.stop();
  pods.stop();
  await cluster.close();
  await stub.stop();
});

function pod(namespace: string, name: string, phase = 'Running', rest: WatchedPod['status'] = {}): WatchedPod {
  const metadata = { namespace, name, creationTimestamp: '2026-01-01T10:00:00Z' as unknown as Date };
  return { metadata, spec: { nodeName: 'node-1', containers: [{ name: 'job' }] }, status: { phase, ...rest } };
}

async function getConfig(): Promise<unknown> {
  const answer = await app.inject('/config');
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

describe('GET /config', () => {
  test('shows every pod with the five fields, and follows what happens to it', async () => {
    stub.putPod(pod('kube-system', 'dns', 'Running', { podIP: '10.244.1.2' }));
    stub.putPod({ ...pod('default', 'premium-job-template-1', 'Pending'), spec: { containers: [{ name: 'job' }] } });
    const waiting = { node: null, ip: null, namespace: 'default', name: 'premium-job-template-1', status: 'Pending' };
    const dns = { node: 'node-1', ip: '10.244.1.2', namespace: 'kube-system', name: 'dns', status: 'Running' };
    await eventually(async () => expect(await getConfig()).toEqual({ pods: [waiting, dns] }));

    stub.putPod(pod('default', 'premium-job-template-1', 'Succeeded', { podIP: '10.244.1.3' }));
    stub.deletePod(pod('kube-system', 'dns'));
    const done = { ...waiting, node: 'node-1', ip: '10.244.1.3', status: 'Succeeded' };
    await eventually(async () => expect(await getConfig()).toEqual({ pods: [done] }));
  });

  test('asks the API server nothing', async () => {
    await getConfig();
    const watched = ['/api/v1/pods', '/api/v1/nodes', '/api/v1/resourcequotas'];
    const others = () => stub.requests.filter((path) => !watched.includes(path));
    const before = others();
    const listsAndWatches = stub.requests.length;
    for (let request = 0; request < 200; request += 1) await getConfig();
    expect(others()).toEqual(before);
    // The watches themselves are begun again every few seconds, whoever asks or not.
    expect(stub.requests.length - listsAndWatches).toBeLessThan(20);
  });

  test('is 503 with Retry-After while the watch is broken, and right again afterwards', async () => {
    stub.failWith(500);
    await eventually(async () => expect((await app.inject('/config')).statusCode).toBe(503));
    const refused = await app.inject('/config');
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json; charset=utf-8',
    });
    expect(refused.json()).toMatchObject({ code: 'not_ready', status: 503, detail: 'the watch on the pods is broken' });
    expect((await app.inject('/readyz')).statusCode).toBe(503);
    expect((await app.inject('/healthz')).statusCode).toBe(200);

    stub.putPod(pod('a', 'b'));
    stub.failWith(undefined);
    const expected = { pods: [{ node: 'node-1', ip: null, namespace: 'a', name: 'b', status: 'Running' }] };
    await eventually(async () => expect(await getConfig()).toEqual(expected));
  });

  test('is 503 until the pods have been listed for the first time', async () => {
    stub.failWith(503);
    const early = startPodWatch(cluster);
    const earlyApp = buildGraderApp({ pods: early, feed, ...createClusterReader(cluster) });
    const answer = await earlyApp.inject('/config');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().detail).toBe('the pods have not been listed yet');
    early.stop();
    await earlyApp.close();
  });
});

describe('GET /{tier}/logs', () => {
  async function succeed(namespace: string, name: string, finishedAt: string): Promise<void> {
    stub.putPod(pod(namespace, name, 'Succeeded', { containerStatuses: [{ state: { terminated: { finishedAt } } }] }));
    await eventually(() => expect(pods.json().toString()).toContain(`"${name}","status":"Succeeded"`));
  }

  test('is 404 with an error while no pod of the tier has succeeded', async () => {
    await succeed('default', 'premium-job-template-elsewhere', '2026-01-01T10:00:30Z');
    for (const tier of ['free', 'premium']) {
      const answer = await app.inject(`/${tier}/logs`);
      expect([answer.statusCode, answer.json()]).toEqual([
        404,
        { error: `no pod of ${tier}-service has succeeded yet` },
      ]);
    }
  });

  test('is the log of the newest Succeeded pod, as text', async () => {
    await succeed('free-service', 'free-job-template-b', '2026-01-01T10:00:31Z');
    await succeed('free-service', 'free-job-template-a', '2026-01-01T10:00:32Z');
    stub.setLog('free-job-template-a', (response) => response.end('dataset: mnist\nTime passed: 12.34 sec\n'));
    const answer = await app.inject('/free/logs');
    expect(answer.body).toBe('dataset: mnist\nTime passed: 12.34 sec\n');
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test('is complete however long the log is', async () => {
    const log = `${'é'.repeat(500)}\n`.repeat(20_000);
    await succeed('premium-service', 'premium-job-template-long', '2026-01-01T10:00:30Z');
    stub.setLog('premium-job-template-long', (response) => response.end(log));
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const text = await (await fetch(`${address}/premium/logs`)).text();
    expect(text.length).toBe(log.length);
    expect(text === log).toBe(true);
  });

  test('is 500 with an error when the log cannot be read', async () => {
    await succeed('free-service', 'free-job-template-lost', '2026-01-01T10:00:30Z');
    const answer = await app.inject('/free/logs');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({ error: 'the log of free-job-template-lost cannot be read: the stub answers 404' });
  });

  test('is cut off so that it can be seen where the API server falls silent in the middle', async () => {
    stub.putPod(pod('free-service', 'free-job-template-1', 'Succeeded'));
    stub.setLog('free-job-template-1', (response) => void response.write('half of '));
    await eventually(() => expect(pods.newestSucceeded('free-service', 'free-job-template')).toBeDefined());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = await fetch(`${url}/free/logs`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  test('is never cut short in silence', async () => {
    await succeed('free-service', 'free-job-template-cut', '2026-01-01T10:00:30Z');
    stub.setLog('free-job-template-cut', async (response) => {
      response.write('half of a line');
      await wait(100);
      response.destroy();
    });
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = await fetch(`${address}/free/logs`);
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('GET /{tier}/resource-quota', () => {
  test('is the text that kubectl prints', async () => {
    const amounts = { 'requests.cpu': '2' };
    stub.setQuotas('free-service', [
      {
        metadata: { name: 'q', namespace: 'free-service' },
        spec: { hard: amounts },
        status: { hard: amounts, used: { 'requests.cpu': '900m' } },
      },
    ]);
    const free = await app.inject('/free/resource-quota');
    expect(free.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(free.body).toBe(
      'Name:         q\nNamespace:    free-service\nResource      Used  Hard\n--------      ----  ----\nrequests.cpu  900m  2\n',
    );
    const premium = await app.inject('/premium/resource-quota');
    expect(premium.body).toBe('No resources found in premium-service namespace.\n');
  });

  test('is 503 with Retry-After when the API server does not answer as it should', async () => {
    stub.failWith(503);
    const answer = await app.inject('/free/resource-quota');
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'cluster_unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('the paths', () => {
  test.each(['/', '/configs', '/config/pods', '/free', '/premium/queue'])('%s is not among them', async (url) => {
    const answer = await app.inject(url);
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
  });

  test.each(['/config', '/cluster', '/cluster/events', '/free/logs', '/premium/resource-quota', '/healthz'])(
    '%s is only read',
    async (url) => {
      for (const method of ['POST', 'DELETE'] as const) {
        const answer = await app.inject({ method, url });
        expect([answer.statusCode, answer.json().code, answer.headers.allow]).toEqual([
          405,
          'method_not_allowed',
          'GET, HEAD',
        ]);
      }
    },
  );

  test('HEAD is answered as GET is, without the body', async () => {
    const get = await app.inject('/config');
    const head = await app.inject({ method: 'HEAD', url: '/config' });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      get.headers['content-length'],
    ]);
  });
});

describe('where API keys are on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grader-keys-'));
  const file = join(folder, 'keys');
  afterAll(() => rmSync(folder, { recursive: true }));
  let keyed: FastifyInstance;

  beforeEach(async () => {
    const line = (name: string) => `${name}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}\n`;
    writeFileSync(file, line('ann') + line('bob'));
    const clients = loadClients(file);
    pods.stop();
    pods = startPodWatch(cluster, { separatesClients: clients.areApart });
    keyed = buildGraderApp({ pods, feed, clients, ...createClusterReader(cluster) });
    await eventually(() => expect(pods.staleForMs()).toBe(0));
  });
  afterEach(() => keyed.close());

  const as = (name: string) => ({ authorization: `Bearer key-of-${name}` });
  const read = (url: string, headers: Record<string, string> = {}) => keyed.inject({ url, headers });

  function jobPod(name: string, client: string | undefined, phase = 'Succeeded'): WatchedPod {
    const { metadata, ...rest } = pod('free-service', name, phase);
    const labels = { 'ml-job-mesh.io/tier': 'free' };
    const annotations = client !== undefined && { annotations: { 'ml-job-mesh.io/client': client } };
    return { metadata: { ...metadata, labels, ...annotations }, ...rest };
  }

  const namesFor = async (client: string) =>
    (await read('/config', as(client))).json().pods.map(({ name }: { name: string }) => name);

  test('/config shows each client its own jobs beside the pods that are no jobs', async () => {
    stub.putPod(pod('web-tier', 'envoy'));
    stub.putPod(jobPod('free-job-template-of-ann', 'ann', 'Pending'));
    stub.putPod(jobPod('free-job-template-of-bob', 'bob'));
    stub.putPod(jobPod('free-job-template-of-nobody', undefined));
    await eventually(async () => expect(await namesFor('ann')).toEqual(['envoy', 'free-job-template-of-ann']));
    await eventually(async () => expect(await namesFor('bob')).toEqual(['envoy', 'free-job-template-of-bob']));
    stub.putPod(jobPod('free-job-template-of-ann', 'ann', 'Running'));
    await eventually(async () => expect((await read('/config', as('ann'))).json().pods[1].status).toBe('Running'));
    stub.deletePod(jobPod('free-job-template-of-ann', 'ann'));
    await eventually(async () => expect(await namesFor('ann')).toEqual(['envoy']));
  });

  test('the newest log is that of the client who asks', async () => {
    stub.putPod(jobPod('free-job-template-a', 'ann'));
    stub.putPod(jobPod('free-job-template-b', 'bob'));
    stub.setLog('free-job-template-a', (response) => response.end('of ann\n'));
    stub.setLog('free-job-template-b', (response) => response.end('of bob\n'));
    await eventually(async () => expect((await read('/free/logs', as('ann'))).body).toBe('of ann\n'));
    await eventually(async () =>
      expect((await read('/free/logs', { 'x-api-key': 'key-of-bob' })).body).toBe('of bob\n'),
    );
    expect((await read('/premium/logs', as('ann'))).statusCode).toBe(404);
  });

  test('whatever tells of jobs needs a known key, and health and quotas do not', async () => {
    const detail = 'send a known API key as "Authorization: Bearer …" or "X-API-Key: …"';
    for (const headers of [{}, as('eve')]) {
      const config = await read('/config', headers);
      expect([config.statusCode, config.json().code]).toEqual([401, 'unauthorized']);
      for (const path of ['/free/logs', '/premium/logs']) {
        const answer = await read(path, headers);
        expect([answer.statusCode, answer.json()]).toEqual([401, { error: detail }]);
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="ml-job-mesh"');
      }
    }
    for (const path of ['/healthz', '/readyz', '/grader/healthz']) expect((await read(path)).statusCode).toBe(200);
    expect((await read('/free/resource-quota')).statusCode).not.toBe(401);
  });
});
