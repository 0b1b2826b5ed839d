// A stub of the Kubernetes API at the wire: it lists, watches, and breaks in the ways that the real one does.

import type { ServerResponse } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import { connectToCluster } from './connection.ts';
import { KubernetesError } from './kubernetes-error.ts';
import { startStandInServer } from './testing/stand-in-server.ts';
import { startWatchCache, type WatchCacheOptions, type WatchedObject } from './watch-cache.ts';
import { judgeFault } from './watch-faults.ts';

interface Item extends WatchedObject {
  value: number;
}

vi.setConfig({ testTimeout: 30_000 });

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const item = (name: string, version: number, value = version): Item => ({
  metadata: { namespace: 'n', name, resourceVersion: String(version) },
  value,
});

/** A stub API server: `list` is what a list gives now, `onWatch` answers each watch. */
async function startStub(onWatch: (response: ServerResponse, query: URLSearchParams, count: number) => void) {
  const stub = { items: [item('a', 1)], version: 1, lists: 0, watches: 0, listStatus: 200, silentLists: 0 };
  const comparisons: string[] = [];
  const { kubeconfig, stop } = await startStandInServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://stub');
    if (searchParams.get('watch')) {
      stub.watches++;
      onWatch(response, searchParams, stub.watches);
      return;
    }
    stub.lists++;
    if (searchParams.get('resourceVersionMatch') === 'Exact') comparisons.push(searchParams.get('resourceVersion')!);
    if (stub.lists <= stub.silentLists) return;
    const from = Number(searchParams.get('continue') ?? 0);
    const to = from + Number(searchParams.get('limit'));
    const metadata = {
      resourceVersion: String(stub.version),
      ...(to < stub.items.length && { continue: String(to) }),
    };
    response.writeHead(stub.listStatus).end(JSON.stringify({ items: stub.items.slice(from, to), metadata }));
  });
  const cluster = connectToCluster({ kubeconfig });
  cleanUps.push(stop, () => cluster.close());
  return { stub, cluster, comparisons };
}

function start(
  cluster: Awaited<ReturnType<typeof startStub>>['cluster'],
  options: Partial<WatchCacheOptions<Item>> = {},
) {
  const cache = startWatchCache<Item>(cluster, { path: '/items', watchSeconds: 1, ...options });
  cleanUps.push(() => cache.stop());
  return cache;
}

const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const values = (cache: ReturnType<typeof start>) =>
  [...cache.values()].map(({ metadata, value }) => `${metadata!.name}=${value}`);

test('a cache holds what was listed and follows what is watched, event by event', async () => {
  const { cluster } = await startStub((response) => {
    response.write(event('ADDED', item('b', 2)) + event('MODIFIED', item('a', 3)));
    response.write(event('DELETED', item('b', 4)) + event('BOOKMARK', item('', 9)));
  });
  const cache = start(cluster);
  const seen: string[] = [];
  cache.on('change', (type, object) => seen.push(`${type} ${object.metadata!.name}`));
  await vi.waitFor(() => expect(seen).toEqual(['added a', 'added b', 'modified a', 'deleted b']));
  expect(values(cache)).toEqual(['a=3']);
  expect(cache.staleForMs()).toBe(0);
});

test('a long collection is listed in pages', async () => {
  const { stub, cluster } = await startStub((response) => response.write(event('BOOKMARK', item('', 5_000))));
  stub.items = Array.from({ length: 2_500 }, (_, index) => item(`i${index}`, index + 1));
  const cache = start(cluster);
  await cache.synced;
  expect(values(cache)).toEqual(stub.items.map(({ metadata, value }) => `${metadata!.name}=${value}`));
  expect(stub.lists).toBe(3);
});

test('who wrote which field is not kept', async () => {
  const managed = (name: string, version: number) => {
    const { metadata, value } = item(name, version);
    return { metadata: { ...metadata, managedFields: [{ manager: 'm' }] }, value };
  };
  const { stub, cluster } = await startStub((response) => response.write(event('ADDED', managed('b', 2))));
  stub.items = [managed('a', 1)];
  const cache = start(cluster);
  await vi.waitFor(() => expect([...cache.values()]).toEqual([item('a', 1), item('b', 2)]));
});

test('a list that is not answered is asked for again', async () => {
  const { stub, cluster } = await startStub((response) => response.write(event('BOOKMARK', item('', 5))));
  stub.silentLists = 1;
  const cache = start(cluster);
  await cache.synced;
  expect([stub.lists, values(cache)]).toEqual([2, ['a=1']]);
});

test('a watch that the server ends is begun again where it was, without another list', async () => {
  const versions: (string | null)[] = [];
  const { stub, cluster } = await startStub((response, query, count) => {
    versions.push(query.get('resourceVersion'));
    response.write(event('BOOKMARK', item('', 10 * count)));
    if (count < 3) response.end();
  });
  start(cluster);
  await vi.waitFor(() => expect(versions).toEqual(['1', '10', '20']));
  expect(stub.lists).toBe(1);
});

test('a connection that falls silent without closing is noticed, and the watch goes on at once', async () => {
  const { cluster } = await startStub((response, _, count) => {
    response.write(count === 1 ? event('BOOKMARK', item('', 5)) : event('MODIFIED', item('a', 6)));
  });
  const cache = start(cluster);
  await cache.synced;
  await vi.waitFor(() => expect(values(cache)).toEqual(['a=6']), { timeout: 10_000 });
});

test.each([
  [
    'as an answer',
    (response: ServerResponse) => response.writeHead(410).end('{"kind":"Status","code":410,"reason":"Expired"}'),
  ],
  [
    'as an event',
    (response: ServerResponse) => response.end(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })),
  ],
])('a version that is too old, told %s, leads to a new list, and what went meanwhile is deleted', async (_, refuse) => {
  const { stub, cluster } = await startStub((response, _query, count) => {
    if (count === 1) {
      stub.items = [item('c', 8)];
      stub.version = 8;
      refuse(response);
    } else response.write(event('BOOKMARK', item('', 9)));
  });
  const cache = start(cluster);
  const seen: string[] = [];
  cache.on('change', (type, object) => seen.push(`${type} ${object.metadata!.name}`));
  await vi.waitFor(() => expect(seen).toEqual(['added a', 'deleted a', 'added c']));
});

test('a server that refuses and drops watches is not stormed, and is told of as stale until it answers', async () => {
  let healthy = false;
  const { stub, cluster } = await startStub((response, _, count) => {
    if (healthy) response.write(event('MODIFIED', item('a', 7)));
    else if (count % 2) response.writeHead(429, { 'retry-after': '1' }).end();
    else response.destroy();
  });
  const cache = start(cluster);
  await vi.waitFor(() => expect(cache.staleForMs()).toBeGreaterThan(1_000), { timeout: 5_000 });
  expect(stub.watches).toBeLessThan(12);
  healthy = true;
  await vi.waitFor(() => expect(values(cache)).toEqual(['a=7']), { timeout: 10_000 });
  expect(cache.staleForMs()).toBe(0);
});

test('before the first list has succeeded nothing is known, and it is tried until it does', async () => {
  const { stub, cluster } = await startStub((response) => response.write(event('BOOKMARK', item('', 2))));
  stub.listStatus = 503;
  const cache = start(cluster);
  await vi.waitFor(() => expect(stub.lists).toBeGreaterThan(1));
  expect(cache.staleForMs()).toBe(Number.POSITIVE_INFINITY);
  stub.listStatus = 200;
  await cache.synced;
  expect(values(cache)).toEqual(['a=1']);
});

test('a watch that opens and then only gives errors is not alive: it waits, lists anew each time, and counts as stale', async () => {
  const { stub, cluster } = await startStub((response) => {
    stub.listStatus = 503;
    response.end(event('ERROR', { kind: 'Status', code: 500, reason: 'InternalError' }));
  });
  const cache = start(cluster);
  await cache.synced;
  await vi.waitFor(() => expect(cache.staleForMs()).toBeGreaterThan(2_500), { timeout: 10_000 });
  // After the first error nothing was watched from the version reached, and each list waited longer than the one before.
  expect([stub.watches, stub.lists < 10]).toEqual([1, true]);
  stub.listStatus = 200;
  stub.items = [item('b', 9)];
  await vi.waitFor(() => expect(values(cache)).toEqual(['b=9']), { timeout: 10_000 });
});

test('errors that go on, in watches whose lists succeed, are waited out longer and longer', async () => {
  const { stub, cluster } = await startStub((response) =>
    response.end(event('ERROR', { kind: 'Status', code: 500, reason: 'InternalError' })),
  );
  const faults: string[] = [];
  start(cluster, { onFault: ({ reason }) => faults.push(reason) });
  await vi.waitFor(() => expect(faults).toHaveLength(5), { timeout: 10_000 });
  const startedAt = performance.now();
  await vi.waitFor(() => expect(faults).toHaveLength(7), { timeout: 10_000 });
  // The fifth and the sixth wait are of one second at least.
  expect(performance.now() - startedAt).toBeGreaterThan(1_500);
  expect(stub.lists).toBe(stub.watches);
  expect(new Set(faults)).toEqual(new Set(['InternalError']));
});

test('an event that cannot be read leads to a new list', async () => {
  const { stub, cluster } = await startStub((response, _, count) => {
    if (count > 1) response.write(event('BOOKMARK', item('', 9)));
    else {
      stub.items = [item('b', 8)];
      response.end('{"type":"ADDED","object":\n');
    }
  });
  const cache = start(cluster);
  await vi.waitFor(() => expect(values(cache)).toEqual(['b=8']));
});

test('a watch that is ended again and again before its time is not begun again at once', async () => {
  const { stub, cluster } = await startStub((response) => response.writeHead(200).end());
  const reasons = new Set<string>();
  start(cluster, { onFault: ({ reason }) => reasons.add(reason) });
  await vi.waitFor(() => expect(stub.watches).toBe(4), { timeout: 10_000 });
  const startedAt = performance.now();
  await vi.waitFor(() => expect(stub.watches).toBe(6), { timeout: 10_000 });
  expect([performance.now() - startedAt > 500, reasons]).toEqual([true, new Set(['EndedEarly'])]);
});

test('a listener or a fault handler that throws costs nobody else the event, and the watch goes on', async () => {
  const { stub, cluster } = await startStub((response, _, count) => {
    if (count === 1) response.write(event('ADDED', item('b', 2)) + event('ADDED', item('c', 3)));
  });
  const faults: string[] = [];
  const cache = start(cluster, {
    onFault({ reason, message }) {
      faults.push(`${reason}: ${message}`);
      throw new Error('the handler is at fault too');
    },
  });
  const seen: string[] = [];
  cache.on('change', (_, object) => {
    if (object.metadata!.name === 'b') throw new Error('oh');
  });
  cache.on('change', (type, object) => seen.push(`${type} ${object.metadata!.name}`));
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await vi.waitFor(() => expect(seen).toEqual(['added a', 'added b', 'added c']));
  expect(faults).toEqual(['ListenerFailed: a listener failed on n/b of /items: oh']);
  expect([values(cache), stub.lists, warned.mock.calls.length]).toEqual([['a=1', 'b=2', 'c=3'], 1, 1]);
  warned.mockRestore();
});

test('a copy that has drifted is found out by a comparison at its own version, put right, told of and counted', async () => {
  const { stub, cluster, comparisons } = await startStub((response, _, count) => {
    if (count === 1) response.write(event('BOOKMARK', item('', 7)));
    setTimeout(() => response.end(), 600);
  });
  stub.items = [item('a', 1), item('b', 2), item('c', 3)];
  const drifts: number[] = [];
  const cache = start(cluster, { compareSeconds: 1, onDrift: (objects) => drifts.push(objects) });
  const seen: string[] = [];
  cache.on('change', (type, object) => seen.push(`${type} ${object.metadata!.name}`));
  await cache.synced;
  // Three events that the watch never gave.
  stub.items = [item('a', 1), item('b', 5), item('d', 6)];
  await vi.waitFor(() => expect(drifts).toEqual([3]), { timeout: 10_000 });
  expect(comparisons).toEqual(['7']);
  expect(values(cache)).toEqual(['a=1', 'b=5', 'd=6']);
  expect(seen).toEqual(['added a', 'added b', 'added c', 'deleted c', 'modified b', 'added d']);
  await vi.waitFor(() => expect(comparisons.length).toBeGreaterThan(1), { timeout: 10_000 });
  await vi.waitFor(() => expect([drifts, cache.staleForMs()]).toEqual([[3], 0]));
});

test('a comparison at a version that is no longer kept is left for another time', async () => {
  const { stub, cluster, comparisons } = await startStub((response) => void setTimeout(() => response.end(), 600));
  const faults: string[] = [];
  const cache = start(cluster, { compareSeconds: 0.5, onFault: ({ reason }) => faults.push(reason) });
  await cache.synced;
  stub.listStatus = 410;
  await vi.waitFor(() => expect(comparisons.length).toBeGreaterThan(1), { timeout: 10_000 });
  await vi.waitFor(() => expect([faults, values(cache), cache.staleForMs()]).toEqual([[], ['a=1'], 0]));
});

test('a comparison that is not answered is given up, and while it keeps the watch waiting the copy ages', async () => {
  const { stub, cluster, comparisons } = await startStub((response) => void setTimeout(() => response.end(), 600));
  const faults: { reason: string; isStale: boolean; watches: number }[] = [];
  const cache = start(cluster, {
    compareSeconds: 0.5,
    onFault: ({ reason }) => faults.push({ reason, isStale: cache.staleForMs() > 1_000, watches: stub.watches }),
  });
  await cache.synced;
  stub.silentLists = Number.POSITIVE_INFINITY;
  await vi.waitFor(() => expect(comparisons).toHaveLength(1), { timeout: 10_000 });
  const { watches } = stub;
  await vi.waitFor(() => expect(stub.watches).toBeGreaterThan(watches), { timeout: 10_000 });
  expect(faults).toEqual([{ reason: 'Timeout', isStale: true, watches }]);
  await vi.waitFor(() => expect(cache.staleForMs()).toBe(0), { timeout: 10_000 });
});

test('a watch that was not answered in time may have been out of date since it was last heard', () => {
  const fault = (reason: string) => judgeFault(new KubernetesError({ status: 0, reason, message: 'no answer' }));
  expect(['Timeout', 'Silent', 'Unreachable'].map((reason) => fault(reason).wasSilent)).toEqual([true, true, false]);
});
