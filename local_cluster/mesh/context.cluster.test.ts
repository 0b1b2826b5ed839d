/** `npm start -- --context NAME`, and the cleanup, shown with the whole mesh against a cluster that it did not start. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { runCleanup, runDeploy } from '../../deployment/testing/commands.ts';
import { runKubectl } from '../control_plane/kubectl.ts';
import { projectFolder } from '../install/cache.ts';
import { type MeshPlace, newMeshPlace, removeMeshPlace, runMeshCommand } from '../testing/mesh-command.ts';

const kubeconfig = inject('kubeconfig');
const controlPlane = inject('controlPlane');
const clusterDns = path.join(projectFolder, 'local_cluster', 'cluster_dns');
const here = ['--context', 'ml-job-mesh', '--kubeconfig', kubeconfig];

function kubectl(...args: string[]): Promise<string> {
  return runKubectl(controlPlane, [`--kubeconfig=${kubeconfig}`, ...args]);
}

let place: MeshPlace;
const overlay = () => path.join(place.stateFolder, 'overlay');

beforeAll(async () => {
  place = await newMeshPlace();
});

afterAll(async () => {
  await runCleanup([...here, '--yes', '--force']);
  removeMeshPlace(place);
});

/**
 * A kustomization as an operator writes it: the overlay for any cluster, on a cluster without storage classes, where there
 * is no time for training, nor for the patience that a cached DNS needs. Gives its folder.
 */
function writeOverlay(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const from = (name: string) => path.relative(folder, path.join(projectFolder, 'manifests', name));
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'ml-pipeline-storage' },
    spec: { hostPath: { path: path.join(folder, 'volume') } },
  };
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'ml-pipeline-config', namespace: 'ml-pipeline' },
    data: { PRETRAINED: 'true' },
  };
  const sleep = '/spec/template/spec/containers/0/lifecycle/preStop/sleep/seconds';
  const atOnce = {
    patch: stringify([
      { op: 'replace', path: '/spec/minReadySeconds', value: 0 },
      { op: 'replace', path: sleep, value: 1 },
    ]),
    target: {
      kind: 'Deployment',
      labelSelector: 'app.kubernetes.io/component in (tier-service, grader-interface, prediction-service, web-ui)',
    },
  };
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [from('overlays/context')],
    components: [from('components/host-volume')],
    patches: [...[volume, settings].map((patch) => ({ patch: stringify(patch) })), atOnce],
  };
  writeFileSync(path.join(folder, 'kustomization.yaml'), stringify(kustomization));
  return folder;
}

test('deploys to the cluster of a context, waits until it is ready, and says how to reach it', async () => {
  // Like any cluster, this one has a DNS before somebody deploys to it.
  await kubectl('apply', '-k', clusterDns);
  const { code, output } = await runMeshCommand('start.ts', place, [
    ...here,
    ...['--overlay', writeOverlay(overlay())],
  ]);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('The mesh runs in this cluster.') });
  expect(output).toMatch(/✓ Cluster: ml-job-mesh, https:\S+, v1\.\d+\.\d+, 2 nodes of 2 CPU/);
  expect(output).toMatch(/✓ Training: done, after \d/);
  expect(output).toContain('-n web-tier port-forward service/web-tier 8080:80');

  const selector = [
    '-n',
    'web-tier',
    '-l',
    'app.kubernetes.io/name=web-tier',
    '-o',
    'jsonpath={.items[0].status.podIP}',
  ];
  // The processes of a pod at 10.O.N.M listen on 127.O.N.M.
  const address = (await kubectl('get', 'pods', ...selector)).replace(/^10\./, '127.');
  const answer = await fetch(`http://${address}:8080/free`, { method: 'POST', body: '{"dataset":"mnist"}' });
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ namespace: 'free-service' })]);
  const older = await fetch(`http://${address}:8080/img-classification/premium`, {
    method: 'POST',
    body: '{"dataset":"mnist"}',
  });
  expect([older.status, await older.json()]).toEqual([200, expect.objectContaining({ namespace: 'default' })]);
  const { models } = (await (await fetch(`http://${address}:8080/models`)).json()) as { models: { name: string }[] };
  expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(['mnist-cnn', 'mnist-ff']));
});

test('deploys a second time without changing anything', async () => {
  const again = await runDeploy([...here, '--overlay', overlay()]);
  expect(again).toEqual({ failed: false, shown: expect.stringMatching(/\d\d objects, none of them changed/) });
  expect(again.shown).toMatch(/✓ Apply: nothing to do .*✓ Services: all ready .*The mesh runs in this cluster\./s);
});

test('cleans up all of it, the jobs in `default` included', async () => {
  const listed = () =>
    kubectl('get', 'all,namespaces,rolebindings', '-A', '-l', 'app.kubernetes.io/part-of=ml-job-mesh', '-o', 'name');
  expect(await listed()).toContain('job.batch/premium-job-template-');
  const { failed, shown } = await runCleanup([...here, '--yes']);
  expect({ failed, shown }).toEqual({
    failed: false,
    shown: expect.stringContaining('The mesh is gone from ml-job-mesh.'),
  });
  expect(await listed()).toBe('');
});

test('a context that the kubeconfig has not got is one clear line', async () => {
  const args = ['--context', 'elsewhere', '--kubeconfig', kubeconfig];
  const { code, output } = await runMeshCommand('start.ts', place, args);
  expect(code).toBe(1);
  expect(output).toMatch(
    /^npm start: there is no context "elsewhere"\. The kubeconfig has:\n {2}ml-job-mesh {2}https:/m,
  );
});
