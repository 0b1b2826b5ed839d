import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ConfigMap, V1Container, V1Pod, V1Volume } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { afterEach, expect, test, vi } from 'vitest';
import { createPodObjects, type PodObjects } from '../references/pod-objects.ts';
import { prepareVolumes, resolveMounts } from './volumes.ts';

const pair = (last: number) => ({ announced: `10.244.1.${last}`, local: `127.244.1.${last}` });
const around = { address: pair(7), nodeAddress: pair(1), allocatable: { cpu: 2, memory: 1024 } };
const container: V1Container = { name: 'main' };
const podWith = (...volumes: V1Volume[]): V1Pod => ({
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { a: '1' } },
  spec: { containers: [container], volumes },
});
/** What a container is shown; names with two dots are the volume's own. */
const filesOf = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith('..'));
const newFolder = () => mkdtempSync(join(tmpdir(), 'volumes-'));

function objectsWith(configMaps: Record<string, V1ConfigMap>): PodObjects {
  return {
    configMap: async (name) => configMaps[name],
    secret: async () => undefined,
    boundVolume: async () => undefined,
    accountToken: async () => 'a-token',
  };
}

afterEach(() => {
  vi.useRealTimers();
});

test('a projected volume holds the files of all its sources, a token for its owner only', async () => {
  const folder = newFolder();
  const sources = [
    { serviceAccountToken: { path: 'token' } },
    { configMap: { name: 'ca', items: [{ key: 'ca.crt', path: 'certs/ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ];
  const objects = objectsWith({ ca: { data: { 'ca.crt': 'PEM', other: 'x' } } });
  const { paths, renewAfterMs } = await prepareVolumes(
    podWith({ name: 'v', projected: { sources } }),
    folder,
    objects,
    around,
  );
  const volume = paths.get('v')!;
  const read = (file: string) => readFileSync(join(volume, file), 'utf8');
  expect([read('token'), read('certs/ca.crt'), read('namespace')]).toEqual(['a-token', 'PEM', 'n']);
  expect(statSync(join(volume, 'token')).mode & 0o777).toBe(0o600);
  expect(renewAfterMs).toBe(60_000);
});

test('renewed files follow their source, and those that are gone go', async () => {
  const folder = newFolder();
  const configMaps: Record<string, V1ConfigMap> = { c: { data: { a: '1', b: '2' } } };
  const pod = podWith({ name: 'v', configMap: { name: 'c' } });
  await prepareVolumes(pod, folder, objectsWith(configMaps), around);
  configMaps.c = { data: { a: 'new' } };
  const { paths } = await prepareVolumes(pod, folder, objectsWith(configMaps), around);
  expect(filesOf(paths.get('v')!)).toEqual(['a']);
  expect(readFileSync(join(paths.get('v')!, 'a'), 'utf8')).toBe('new');
});

test.each([
  [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
  [{ configMap: { name: 'c', items: [{ key: 'none', path: 'x' }] } }, 'configmap "c" has no key "none"'],
  [{ configMap: { name: 'c', items: [{ key: 'a', path: '../x' }] } }, '"../x" leaves its volume'],
  [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
  [{ persistentVolumeClaim: { claimName: 'none' } }, 'claim "none" is not bound'],
  [{ nfs: { server: 's', path: '/' } }, 'volumes of kind "nfs" are not available on this node'],
])('%j cannot be mounted: %s', async (source, message) => {
  const objects = objectsWith({ c: { data: { a: '1' } } });
  await expect(prepareVolumes(podWith({ name: 'v', ...source }), newFolder(), objects, around)).rejects.toThrow(
    message,
  );
});

test('what is optional may be missing', async () => {
  const volumes: V1Volume[] = [
    { name: 'a', configMap: { name: 'none', optional: true } },
    { name: 'b', secret: { secretName: 'none', optional: true } },
  ];
  const { paths } = await prepareVolumes(podWith(...volumes), newFolder(), objectsWith({}), around);
  expect([...paths.values()].map(filesOf)).toEqual([[], []]);
});

test('a mount may be of a part of its volume, never of more', async () => {
  const volumes = new Map([['v', newFolder()]]);
  const mount = (more: object) =>
    resolveMounts(
      { ...container, volumeMounts: [{ name: 'v', mountPath: '/m', ...more }] },
      volumes,
      new Map([['A', 'x']]),
    );
  expect(await mount({ subPathExpr: '$(A)/y' })).toEqual(new Map([['/m', join(volumes.get('v')!, 'x/y')]]));
  await expect(mount({ subPath: '../..' })).rejects.toThrow('leaves its volume');
  await expect(mount({ name: 'none' })).rejects.toThrow('the pod has no volume "none"');
});

test('a token is asked for again when four fifths of its life are over', async () => {
  vi.useFakeTimers({ now: 0 });
  let asked = 0;
  const cluster = {
    create: async () => ({
      status: { token: `token-${++asked}`, expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() },
    }),
  } as unknown as ClusterConnection;
  const { accountToken } = createPodObjects(cluster, podWith());
  const tokens = [];
  for (const minute of [0, 47, 49]) {
    vi.setSystemTime(minute * 60_000);
    tokens.push(await accountToken(3600));
  }
  expect(tokens).toEqual(['token-1', 'token-1', 'token-2']);
});

test('nothing is written any more once the signal is aborted, however late an answer comes', async () => {
  const folder = newFolder();
  const answer = Promise.withResolvers<V1ConfigMap>();
  const objects = { ...objectsWith({}), configMap: () => answer.promise };
  const pod = podWith({ name: 'config', configMap: { name: 'c' } }, { name: 'scratch', emptyDir: {} });
  const over = new AbortController();
  const renewing = prepareVolumes(pod, folder, objects, around, over.signal);
  over.abort();
  await expect(renewing).rejects.toThrow('aborted');
  rmSync(folder, { recursive: true });
  answer.resolve({ data: { a: '1' } });
  await new Promise(setImmediate);
  expect(existsSync(folder)).toBe(false);
});
