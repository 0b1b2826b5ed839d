import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cluster, until } from '../node/testing/cluster-under-test.ts';
import { forgetMovedVolume } from './pipeline-volume.ts';

const name = 'ml-pipeline-storage';
const namespace = '/api/v1/namespaces/ml-pipeline';
const claim = `${namespace}/persistentvolumeclaims/${name}`;
const volume = `/api/v1/persistentvolumes/${name}`;
const both = () =>
  Promise.all([claim, volume].map(async (one) => (await cluster.get<V1PersistentVolumeClaim>(one)).metadata!.uid));

async function makeVolume(path: string): Promise<void> {
  const shared = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  const capacity = { storage: '1Mi' };
  await cluster.create('/api/v1/persistentvolumes', {
    metadata: { name },
    spec: { ...shared, capacity, persistentVolumeReclaimPolicy: 'Retain', hostPath: { path } },
  });
  await cluster.create(`${namespace}/persistentvolumeclaims`, {
    metadata: { name },
    spec: { ...shared, volumeName: name, resources: { requests: capacity } },
  });
  await until(async () => (await cluster.get<V1PersistentVolumeClaim>(claim)).status?.phase === 'Bound', 'the claim');
}

beforeAll(() => cluster.create('/api/v1/namespaces', { metadata: { name: 'ml-pipeline' } }).catch(() => undefined));
afterAll(() => forgetMovedVolume(cluster, 'nowhere'));

test('a volume that is where it was stays; one whose folder was moved can be made anew there', async () => {
  await forgetMovedVolume(cluster, '/before');
  await makeVolume('/before');
  const before = await both();
  await forgetMovedVolume(cluster, '/before');
  expect(await both()).toEqual(before);
  await forgetMovedVolume(cluster, '/after');
  await makeVolume('/after');
  expect(await both()).not.toEqual(before);
});
