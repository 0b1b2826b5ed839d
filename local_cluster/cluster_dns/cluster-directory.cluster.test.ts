import type { V1EndpointSlice } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cluster, until, useNamespace } from '../node/testing/cluster-under-test.ts';
import { watchClusterDirectory } from './cluster-directory.ts';
import { createZone } from './zone.ts';

const { namespace } = useNamespace('dns');
const name = `web.${namespace}.svc.cluster.local`;
const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const watched = watchClusterDirectory(cluster);
const ask = createZone({ domain: 'cluster.local', directory: watched.directory, mapAddress: (address) => address });

beforeAll(async () => {
  await watched.synced;
  await cluster.create(`/api/v1/namespaces/${namespace}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { clusterIP: 'None', ports: [{ port: 80 }] },
  });
});
afterAll(() => watched.stop());

function sliceOf(suffix: string, address: string, ready = true): V1EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `web-${suffix}`, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready } }],
    ports: [{ port: 80 }],
  };
}

/** Waits until the name stands for these addresses. */
async function expectAddresses(...addresses: string[]): Promise<void> {
  const found = () => ask({ name, type: 'A' }).answers.map((answer) => 'data' in answer && answer.data);
  await until(() => JSON.stringify(found()) === JSON.stringify(addresses), `${name} to be [${addresses}]`);
}

test('A name follows the Service, its slices and the readiness of what is in them', async () => {
  await until(() => ask({ name, type: 'A' }).code === 'NOERROR', 'the name to exist');
  await expectAddresses();
  await cluster.create(slices, sliceOf('a', '10.1.2.3'));
  await cluster.create(slices, sliceOf('b', '10.1.2.4'));
  await expectAddresses('10.1.2.3', '10.1.2.4');
  await cluster.patch(`${slices}/web-a`, { endpoints: sliceOf('a', '10.1.2.3', false).endpoints });
  await expectAddresses('10.1.2.4');
  await cluster.delete(`${slices}/web-b`);
  await expectAddresses();
  await cluster.delete(`/api/v1/namespaces/${namespace}/services/web`);
  await until(() => ask({ name, type: 'A' }).code === 'NXDOMAIN', 'the name to be gone');
  expect(ask({ name: `${namespace}.svc.cluster.local`, type: 'A' }).code).toBe('NOERROR');
});
