// `npm run deploy` and `npm run cleanup` with a mesh of which nothing runs: what they say, touch, and leave alone.

import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runKubectl } from '../local_cluster/control_plane/kubectl.ts';
import { kubeconfig } from '../local_cluster/node/testing/cluster-under-test.ts';
import { newOverlayFolder, runCleanup, runDeploy, writeOverlay } from './testing/commands.ts';

const kubectl = (...args: string[]) => runKubectl(inject('controlPlane'), [`--kubeconfig=${kubeconfig}`, ...args]);
const { folder, remove } = newOverlayFolder();
const here = ['--context', 'ml-job-mesh', '--kubeconfig', kubeconfig];
const deploy = [...here, '--overlay', folder, '--yes'];
const ownLabel = { 'app.kubernetes.io/part-of': 'ml-job-mesh' };

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const settings = (value: string, name = 'settings') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'tiny-mesh', name },
  data: { value },
});
const role = (name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: [],
});
const binding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { namespace: 'default', name: 'tiny-tier' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'tiny-runner' },
  subjects: [{ kind: 'ServiceAccount', name: 'tiny-tier', namespace: 'tiny-mesh' }],
};
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace: 'tiny-models', name: 'models' },
  spec: {
    accessModes: ['ReadWriteMany'],
    storageClassName: '',
    volumeName: 'tiny-models',
    resources: { requests: { storage: '1Mi' } },
  },
};
const volume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'tiny-models' },
  spec: {
    accessModes: ['ReadWriteMany'],
    storageClassName: '',
    capacity: { storage: '1Mi' },
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: '/tiny' },
  },
};
const mesh = [
  namespace('tiny-mesh'),
  namespace('tiny-models'),
  settings('1'),
  role('tiny-runner'),
  binding,
  volume,
  claim,
];

/** Everything of the tests' own names, so that the rest of the cluster does not matter. */
async function listTiny(): Promise<string[]> {
  const kinds = 'namespaces,configmaps,clusterroles,rolebindings,persistentvolumes,persistentvolumeclaims,jobs';
  const columns = 'custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name';
  const lines = (await kubectl('get', kinds, '-A', '--no-headers', '-o', columns)).trim().split('\n');
  const found = lines.map((line) => line.split(/\s+/));
  return found
    .filter(([kind, place, name]) => name !== 'kube-root-ca.crt' && /\btiny-/.test(`${place} ${kind} ${name}`))
    .map(([kind, place, name]) => (place === '<none>' ? `${kind} ${name}` : `${kind} ${place}/${name}`))
    .sort();
}

const deployed = [
  'ClusterRole tiny-runner',
  'ConfigMap tiny-mesh/settings',
  'Namespace tiny-mesh',
  'Namespace tiny-models',
  'PersistentVolume tiny-models',
  'PersistentVolumeClaim tiny-models/models',
  'RoleBinding default/tiny-tier',
];

async function create(object: KubernetesObject): Promise<void> {
  const manager = ['--field-manager=somebody'];
  await runKubectl(
    inject('controlPlane'),
    [`--kubeconfig=${kubeconfig}`, 'create', ...manager, '-f', '-'],
    JSON.stringify(object),
  );
}

const job = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace: 'default', name, labels },
  spec: {
    suspend: true,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } },
  },
});

// What other files have applied of the real mesh is the mesh's as well.
beforeAll(async () => {
  await runCleanup([...here, '--yes', '--force']);
});

afterAll(async () => {
  remove();
  await kubectl('delete', 'namespace', 'tiny-mesh-of-others', '--ignore-not-found');
  await kubectl('delete', 'job', 'tiny-job-of-others', '--ignore-not-found');
});

test('a context that was not named is refused, and those that there are are listed', async () => {
  const list = /The kubeconfig has:\n {2}ml-job-mesh {2}https:\/\/127\.\d+\.0\.1:6443$/;
  for (const command of [runDeploy, runCleanup]) {
    const unnamed = await command(['--kubeconfig', kubeconfig, '--yes']);
    expect(unnamed).toEqual({ failed: true, shown: expect.stringMatching(/^say which cluster: --context NAME\. /) });
    const unknown = await command(['--kubeconfig', kubeconfig, '--context', 'elsewhere', '--yes']);
    expect(unknown).toEqual({ failed: true, shown: expect.stringMatching(/^there is no context "elsewhere"\. /) });
    expect([unnamed.shown, unknown.shown]).toEqual([expect.stringMatching(list), expect.stringMatching(list)]);
  }
});

test('says what it would do and to which cluster, and touches nothing with --dry-run or after a no', async () => {
  writeOverlay(folder, mesh);
  const tried = await runDeploy([...deploy, '--dry-run']);
  expect(tried.shown).toMatch(/Cluster: ml-job-mesh, https:\/\/127\.\d+\.0\.1:6443, v1\.\d+\.\d+, 2 nodes of 2 CPU/);
  expect(tried.shown).toContain(
    `to ml-job-mesh:
7 to create, 0 unchanged
  + new namespace tiny-mesh: ConfigMap settings
  + new namespace tiny-models: PersistentVolumeClaim models
  + cluster-wide: ClusterRole tiny-runner; PersistentVolume tiny-models
  + namespace default: RoleBinding tiny-tier

Nothing was changed (--dry-run).`,
  );
  const asked = await runDeploy([...here, '--overlay', folder], { types: 'n\n' });
  expect(asked).toEqual({
    failed: true,
    shown: expect.stringMatching(/\? \[y\/N\] not confirmed\. Nothing was changed$/),
  });
  expect(await listTiny()).toEqual([]);
});

test('what the API server would refuse is told before anything is applied', async () => {
  const wrong = { ...role('tiny-wrong'), rules: [{ apiGroups: [''], resources: ['pods'] }] };
  writeOverlay(folder, [...mesh, wrong]);
  const refused = await runDeploy(deploy);
  expect(refused).toEqual({ failed: true, shown: expect.stringContaining('"tiny-wrong" is invalid: rules[0].verbs') });
  expect(await listTiny()).toEqual([]);
  writeOverlay(folder, mesh);
});

test('deploys after a yes; a second time there is nothing to ask and nothing changes', async () => {
  expect(await runDeploy([...here, '--overlay', folder], { types: 'y\n' })).toMatchObject({ failed: false });
  expect(await listTiny()).toEqual(deployed);
  const kinds = 'namespace,clusterrole,rolebinding,configmap,persistentvolume,persistentvolumeclaim';
  const selected = ['-l', 'app.kubernetes.io/part-of=ml-job-mesh'];
  const versions = () =>
    kubectl('get', kinds, '-A', ...selected, '-o', 'jsonpath={.items[*].metadata.resourceVersion}');
  const before = await versions();
  const again = await runDeploy([...here, '--overlay', folder]);
  expect(again).toEqual({ failed: false, shown: expect.stringContaining('7 objects, none of them changed') });
  expect(again.shown).toContain('✓ Apply: nothing to do');
  expect(await versions()).toBe(before);
});

test('names what changes; what the manifests no longer describe is named, and goes with --prune', async () => {
  writeOverlay(folder, [...mesh, settings('1', 'old'), role('tiny-old')]);
  await runDeploy(deploy);
  // Labelled by hand, as the documentation has it for the API keys: no deployment has applied it.
  await create({ ...settings('1', 'by-hand'), metadata: { ...settings('1', 'by-hand').metadata, labels: ownLabel } });
  writeOverlay(folder, [...mesh.filter((object) => object.kind !== 'ConfigMap'), settings('2')]);
  const kept = await runDeploy(deploy);
  expect(kept.shown).toContain(`1 to change, 6 unchanged
  ~ ConfigMap tiny-mesh/settings: data.value
  - ConfigMap tiny-mesh/old: no longer in the manifests; --prune removes it
  - ClusterRole tiny-old: no longer in the manifests; --prune removes it
`);
  expect(await listTiny()).toEqual(expect.arrayContaining(['ConfigMap tiny-mesh/old', 'ClusterRole tiny-old']));
  await runDeploy([...deploy, '--prune']);
  expect(await listTiny()).toEqual([...deployed, 'ConfigMap tiny-mesh/by-hand'].sort());
});

test('an entrance that the manifests no longer describe is refused, and with --prune it goes first', async () => {
  const entrance = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'tiny-mesh', name: 'entrance' },
    spec: { type: 'NodePort', selector: { app: 'tiny' }, ports: [{ port: 80 }] },
  };
  writeOverlay(folder, [...mesh, entrance]);
  expect((await runDeploy(deploy)).shown).toMatch(/Apply.*Open: Service tiny-mesh\/entrance/s);
  writeOverlay(folder, mesh);
  expect(await runDeploy(deploy)).toEqual({
    failed: true,
    shown: expect.stringMatching(/would stay open.*Add --prune/),
  });
  const { shown } = await runDeploy([...deploy, '--prune']);
  expect(shown).toMatch(/Close: removed Service tiny-mesh\/entrance.*Apply/s);
});

test("an object of the same name that is not the mesh's is taken over with --adopt alone", async () => {
  // Kubernetes makes it in every namespace, so it is nobody's.
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'tiny-mesh', name: 'default' },
    automountServiceAccountToken: false,
  };
  writeOverlay(folder, [...mesh, account]);
  expect(await runDeploy(deploy)).toMatchObject({ failed: false });

  await create(settings('theirs', 'taken'));
  writeOverlay(folder, [...mesh, settings('ours', 'taken')]);
  const readValue = () => kubectl('get', 'configmap', 'taken', '-n', 'tiny-mesh', '-o', 'jsonpath={.data.value}');
  expect(await runDeploy(deploy)).toEqual({
    failed: true,
    shown: expect.stringMatching(/and they are not the mesh's: ConfigMap tiny-mesh\/taken\. .*Nothing was applied$/),
  });
  expect(await readValue()).toBe('theirs');
  expect(await runDeploy([...deploy, '--adopt'])).toMatchObject({ failed: false });
  expect(await readValue()).toBe('ours');
});

test('an image that no node has ends the wait, with what to do', async () => {
  const labels = { app: 'tiny', ...ownLabel };
  const containers = [{ name: 'service', image: 'localhost/ml-job-mesh/nowhere:local' }];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'tiny-mesh', name: 'tiny' },
    spec: { selector: { matchLabels: { app: 'tiny' } }, template: { metadata: { labels }, spec: { containers } } },
  };
  writeOverlay(folder, [...mesh, deployment]);
  expect(await runDeploy([...deploy, '--prune'])).toEqual({
    failed: true,
    shown: expect.stringMatching(
      /tiny-mesh\/tiny-\S+: the image localhost\/ml-job-mesh\/nowhere:local .*`npm run images -- --load kind`/,
    ),
  });
});

test("a cleanup refuses to delete what others have in the mesh's namespaces, unless forced", async () => {
  await create(settings('theirs', 'of-others'));
  const refused = await runCleanup([...here, '--yes']);
  expect(refused).toEqual({ failed: true, shown: expect.stringContaining('  ! ConfigMap tiny-mesh/of-others\n') });
  expect(refused.shown).toMatch(/an object is not the mesh's .*Nothing was changed$/);
  expect(await listTiny()).toEqual(expect.arrayContaining(deployed));
});

test('keeps the models with --keep-models, and a deployment uses them again', async () => {
  const uid = () => kubectl('get', 'pvc', 'models', '-n', 'tiny-models', '-o', 'jsonpath={.metadata.uid}');
  const before = await uid();
  const kept = await runCleanup([...here, '--yes', '--force', '--keep-models']);
  expect(kept).toEqual({
    failed: false,
    shown: expect.stringContaining('its models are there for the next deployment'),
  });
  const models = ['Namespace tiny-models', 'PersistentVolume tiny-models', 'PersistentVolumeClaim tiny-models/models'];
  expect(await listTiny()).toEqual(models);
  writeOverlay(folder, mesh);
  expect(await runDeploy(deploy)).toMatchObject({ failed: false });
  expect([await listTiny(), await uid()]).toEqual([deployed, before]);
});

test('removes all of the mesh and nothing else; one that is interrupted goes on where it was, and a second has nothing to do', async () => {
  await create(namespace('tiny-mesh-of-others'));
  await create(job('tiny-job-of-others'));
  await create(job('tiny-job-of-ours', { ...ownLabel, 'ml-job-mesh.io/tier': 'premium' }));
  // Keeps its namespace from going while the cleanup is interrupted.
  const held = settings('1', 'held');
  await create({ ...held, metadata: { ...held.metadata, labels: ownLabel, finalizers: ['example.com/hold'] } });

  const listed = await runCleanup([...here, '--dry-run']);
  expect(listed.shown).toContain(`Deleting from ml-job-mesh:
  - namespace tiny-mesh with all that is in it
  - namespace tiny-models with all that is in it
`);
  expect(listed.shown).toContain('  - Job default/tiny-job-of-ours\n');
  expect(listed.shown).not.toContain('of-others');

  const stopped = await runCleanup([...here, '--yes'], { stopsAt: 'waiting for tiny-mesh' });
  expect(stopped).toEqual({ failed: true, shown: expect.stringMatching(/running this again deletes the rest$/) });
  const early = await runDeploy(deploy);
  expect(early).toEqual({
    failed: true,
    shown: expect.stringContaining('being deleted. Wait until `npm run cleanup`'),
  });

  const finishing = runCleanup([...here, '--yes']);
  await kubectl(
    'patch',
    'configmap',
    'held',
    '-n',
    'tiny-mesh',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}',
  );
  expect(await finishing).toEqual({
    failed: false,
    shown: expect.stringContaining('The mesh is gone from ml-job-mesh.'),
  });
  expect(await listTiny()).toEqual(['Job default/tiny-job-of-others', 'Namespace tiny-mesh-of-others']);

  const nothing = await runCleanup([...here, '--yes']);
  expect(nothing).toEqual({ failed: false, shown: expect.stringContaining('Nothing of the mesh is in ml-job-mesh.') });
});
