/** `npm start -- --context NAME`, shown against a cluster that it did not start. */
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runKubectl } from '../control_plane/kubectl.ts';
import { projectFolder } from '../install/cache.ts';
import { type MeshPlace, newMeshPlace, removeMeshPlace, runMeshCommand } from '../testing/mesh-command.ts';

const kubeconfig = inject('kubeconfig');
const controlPlane = inject('controlPlane');
const clusterDns = path.join(projectFolder, 'local_cluster', 'cluster_dns');
const namespaces = ['web-tier', 'free-tier', 'premium-tier', 'free-service', 'premium-service'];

function kubectl(...args: string[]): Promise<string> {
  return runKubectl(controlPlane, [`--kubeconfig=${kubeconfig}`, ...args]);
}

let place: MeshPlace;

beforeAll(async () => {
  place = await newMeshPlace();
});

afterAll(async () => {
  removeMeshPlace(place);
  await kubectl('delete', 'namespace', ...namespaces, '--ignore-not-found');
  await kubectl('delete', '-k', clusterDns, '--ignore-not-found');
});

test('deploys to the cluster of a context, waits until it is ready, and says how to reach it', async () => {
  // Like any cluster, this one has a DNS before somebody deploys to it.
  await kubectl('apply', '-k', clusterDns);
  const { code, output } = await runMeshCommand('start.ts', place, [
    ...['--context', 'ml-job-mesh', '--kubeconfig', kubeconfig],
  ]);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('The mesh runs in this cluster.') });
  expect(output).toMatch(/✓ Cluster: ml-job-mesh, 2 nodes, v1\.\d+\.\d+/);
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
});

test('a context that the kubeconfig has not got is one clear line', async () => {
  const args = ['--context', 'elsewhere', '--kubeconfig', kubeconfig];
  const { code, output } = await runMeshCommand('start.ts', place, args);
  expect(code).toBe(1);
  expect(output).toMatch(/npm start: Cluster: .*context was not found for specified context: elsewhere/);
});
