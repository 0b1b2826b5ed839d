// What only the real API server can say: that it gives a collection as it was at the version that a watch has reached.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import type {} from '../local_cluster/node/testing/cluster-under-test.ts';
import { connectToCluster } from './connection.ts';
import { startWatchCache } from './watch-cache.ts';

const path = '/api/v1/namespaces/default/configmaps';
const labelSelector = 'watch-cache-test=yes';

test('a healthy copy of objects that change all the time is compared again and again, and never found wrong', async () => {
  const cluster = connectToCluster({ kubeconfig: inject('kubeconfig') });
  onTestFinished(() => cluster.close());
  const compared: unknown[] = [];
  const observed: typeof cluster = {
    ...cluster,
    get: (where, options) => {
      if (options?.query?.resourceVersionMatch === 'Exact') compared.push(options.query.resourceVersion);
      return cluster.get(where, options);
    },
  };
  const drifts: number[] = [];
  const faults: string[] = [];
  const cache = startWatchCache(observed, {
    ...{ path, labelSelector, watchSeconds: 1, compareSeconds: 0.5 },
    onDrift: (objects) => drifts.push(objects),
    onFault: ({ message }) => faults.push(message),
  });
  onTestFinished(() => cache.stop());
  await cache.synced;

  let count = 0;
  while (compared.length < 4) {
    const name = `watch-cache-${count++}`;
    await cluster.create(path, { metadata: { name, labels: { 'watch-cache-test': 'yes' } }, data: {} });
    if (count > 3) await cluster.patch(`${path}/watch-cache-${count - 2}`, { data: { count: String(count) } });
    if (count > 6) await cluster.delete(`${path}/watch-cache-${count - 5}`);
    await sleep(20);
  }
  const { items } = await cluster.get<{ items: { metadata: { name: string } }[] }>(path, { query: { labelSelector } });
  const names = items.map(({ metadata }) => metadata.name).sort();
  await vi.waitFor(() => expect([...cache.values()].map(({ metadata }) => metadata!.name!).sort()).toEqual(names));
  expect([drifts, faults]).toEqual([[], []]);
  for (const name of names) await cluster.delete(`${path}/${name}`);
});
