import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { type Clients, everybody, loadClients } from '@ml-job-mesh/http-service';
import { listenToEvents } from '@ml-job-mesh/http-service/testing/event-listener.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { buildGraderApp } from './app.ts';
import { startClusterFeed } from './cluster-feed.ts';
import { createClusterReader } from './cluster-reader.ts';
import type { ClusterView } from './cluster-view.ts';
import { startPodWatch } from './pod-watch.ts';
import { startStubApiServer } from './testing/stub-api-server.ts';
import type { WatchedPod } from './watched-pod.ts';

vi.setConfig({ testTimeout: 40_000 });
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

async function start(clients: Clients = everybody) {
  const stub = await startStubApiServer();
  const cluster = connectToCluster({ kubeconfig: stub.kubeconfig });
  const separatesClients = clients.areApart;
  const pods = startPodWatch(cluster, { separatesClients });
  const feed = startClusterFeed(cluster, { pods, separatesClients, changesMs: 50, heartbeatMs: 200 });
  const app = buildGraderApp({ pods, feed, clients, ...createClusterReader(cluster) });
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    feed.stop();
    await app.close();
    pods.stop();
    await cluster.close();
    await stub.stop();
  });
  await eventually(() => expect(feed.staleness()).toBeUndefined());
  return {
    stub,
    feed,
    app,
    listen: (headers = {}) => listenToEvents<ClusterView>(`${origin}/cluster/events`, headers),
  };
}

const resources = { requests: { cpu: '900m', memory: '1Gi' } };

function jobPod(name: string, phase: string, client?: string): WatchedPod {
  const annotations = client ? { 'ml-job-mesh.io/client': client } : {};
  return {
    metadata: { namespace: 'free-service', name, labels: { 'ml-job-mesh.io/tier': 'free' }, annotations },
    spec: { nodeName: 'node-1', containers: [{ name: 'classify', resources } as { name: string }] },
    status: { phase },
  } as WatchedPod;
}

const nodeOf = (unschedulable: boolean) => ({
  metadata: { name: 'node-1' },
  spec: { unschedulable },
  status: { allocatable: { cpu: '2', memory: '4Gi' }, conditions: [{ type: 'Ready', status: 'True' }] },
});

const quotaOf = (used: string) => ({
  metadata: { namespace: 'free-service', name: 'quota' },
  status: { hard: { 'requests.cpu': '2' }, used: { 'requests.cpu': used } },
});

test('a reader is told the cluster, and again whenever it is another: a pod, a node, a quota', async () => {
  const { stub, app, listen } = await start();
  const { type, events } = await listen();
  expect(type).toBe('text/event-stream; charset=utf-8');
  const last = () => events.at(-1)!.data;
  const empty = { nodes: [], pods: [], ended_pods: 0, quotas: [] };
  await eventually(() => expect(events[0]).toEqual({ event: 'cluster', data: empty }));
  stub.putPod(jobPod('job', 'Running'));
  stub.put('nodes', nodeOf(false));
  stub.put('resourcequotas', quotaOf('900m'));
  const full: ClusterView = {
    nodes: [
      {
        ...{ name: 'node-1', cpu_millis: 2_000, memory_bytes: 4 * 1_024 ** 3 },
        ready: true,
        schedulable: true,
        problems: [],
      },
    ],
    pods: [
      {
        ...{ node: 'node-1', namespace: 'free-service', name: 'job', status: 'Running', tier: 'free' },
        ...{ cpu_millis: 900, memory_bytes: 1_024 ** 3 },
      },
    ],
    ended_pods: 0,
    quotas: [
      { namespace: 'free-service', name: 'quota', resource: 'requests.cpu', used: '900m', hard: '2', share: 0.45 },
    ],
  };
  await eventually(() => expect(last()).toEqual(full));
  expect((await app.inject('/cluster')).json()).toEqual(full);
  stub.putPod(jobPod('job', 'Succeeded'));
  stub.put('nodes', nodeOf(true));
  stub.put('resourcequotas', quotaOf('0'));
  const emptied = { ...full, pods: [], ended_pods: 1, nodes: [{ ...full.nodes[0]!, schedulable: false }] };
  emptied.quotas = [{ ...full.quotas[0]!, used: '0', share: 0 }];
  await eventually(() => expect(last()).toEqual(emptied));
  const before = events.length;
  stub.put('nodes', nodeOf(true));
  stub.putPod(jobPod('another', 'Running'));
  await eventually(() => expect(last().pods).toHaveLength(1));
  expect(events).toHaveLength(before + 1);
});

test('readers hear when the memory may be out of date and when it is right again, and reads are refused meanwhile', async () => {
  const { stub, app, listen } = await start();
  const { events } = await listen();
  stub.failWith(500);
  await eventually(() =>
    expect(events.at(-1)).toMatchObject({ event: 'stale', data: { code: 'not_ready', status: 503 } }),
  );
  for (const url of ['/cluster', '/cluster/events']) {
    const { statusCode, headers, json } = await app.inject(url);
    expect([statusCode, json().code, headers['retry-after']]).toEqual([503, 'not_ready', '1']);
  }
  stub.failWith(undefined);
  await eventually(() => expect(events.at(-1)!.event).toBe('cluster'));
});

test('a node watch that is refused leaves the other calls as they are', async () => {
  const { stub, app, feed } = await start();
  stub.failWith(403, '/api/v1/nodes');
  await eventually(() => expect(feed.staleness()?.message).toBe('the watch on the nodes is broken'));
  expect((await app.inject('/config')).statusCode).toBe(200);
});

test("with API keys, pods of other clients' jobs are there without their names, and a key is needed", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'grader-keys-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const line = (name: string) => `${name}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}\n`;
  writeFileSync(join(folder, 'keys'), line('ann') + line('bob'));
  const { stub, app, listen } = await start(loadClients(join(folder, 'keys')));
  for (const url of ['/cluster', '/cluster/events']) {
    const { statusCode, json } = await app.inject(url);
    expect([statusCode, json().code]).toEqual([401, 'unauthorized']);
  }
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => listen({ 'x-api-key': `key-of-${name}` })));
  stub.putPod(jobPod('of-ann', 'Running', 'ann'));
  stub.putPod(jobPod('of-bob', 'Running', 'bob'));
  const names = (listener: typeof ann) => listener!.events.at(-1)?.data.pods.map(({ name }) => name);
  await eventually(() => expect(names(ann)).toEqual([null, 'of-ann']));
  await eventually(() => expect(names(bob)).toEqual([null, 'of-bob']));
});
