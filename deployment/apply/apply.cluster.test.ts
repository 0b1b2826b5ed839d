// Applying again, shown with a Job of the kind that the model pipeline has.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import { afterAll, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { runKubectl } from '../../local_cluster/control_plane/kubectl.ts';
import { cluster, kubeconfig, until, useNamespace } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { applyManifests } from './apply.ts';

const { namespace } = useNamespace('apply');
const folder = mkdtempSync(path.join(tmpdir(), 'apply-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const calls: string[] = [];
const kubectl = (args: string[], input?: string) => {
  calls.push(args[0]!);
  return runKubectl(inject('controlPlane'), [`--kubeconfig=${kubeconfig}`, ...args], input);
};

/** Applies a Job that runs a shell script, and the settings that it reads. */
async function apply(name: string, script: string, settings: Record<string, string> = {}): Promise<void> {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: 'busybox',
              command: ['sh', '-c', script],
              envFrom: [{ configMapRef: { name: `${name}-settings` } }],
            },
          ],
        },
      },
    },
  };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-settings`, namespace } };
  writeFileSync(
    path.join(folder, 'objects.yaml'),
    `${stringify(job)}---\n${stringify({ ...configMap, data: settings })}`,
  );
  writeFileSync(path.join(folder, 'kustomization.yaml'), stringify({ resources: ['objects.yaml'] }));
  calls.length = 0;
  await applyManifests(kubectl, folder);
}

const read = (name: string) => cluster.get<V1Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`);
const uidOf = async (name: string) => (await read(name)).metadata!.uid;

/** Waits until the Job has this condition; gives its uid. */
async function waitFor(name: string, condition: 'Complete' | 'Failed'): Promise<string> {
  const isSo = ({ status }: V1Job) =>
    status?.conditions?.some(({ type, status }) => type === condition && status === 'True');
  return until(async () => {
    const job = await read(name);
    return isSo(job) ? job.metadata!.uid : undefined;
  }, `${name} to be ${condition}`);
}

test('a Job that runs and is the same goes on', async () => {
  await apply('runs', 'sleep 600', { EPOCHS: '5' });
  const uid = await uidOf('runs');
  await until(async () => (await read('runs')).status?.ready === 1, 'the Job to run');
  await apply('runs', 'sleep 600', { EPOCHS: '5' });
  expect([await uidOf('runs'), (await read('runs')).status?.ready]).toEqual([uid, 1]);
  expect(calls).toEqual(['kustomize', 'get', 'apply']);
});

test('a Job with other settings, or another command, begins anew, whether it runs or has succeeded', async () => {
  await apply('changes', 'sleep 600', { EPOCHS: '5' });
  const uids = [await uidOf('changes')];
  await apply('changes', 'sleep 600', { EPOCHS: '6' });
  uids.push(await uidOf('changes'));
  await apply('changes', 'true', { EPOCHS: '6' });
  uids.push(await waitFor('changes', 'Complete'));
  await apply('changes', 'true', { EPOCHS: '7' });
  uids.push(await waitFor('changes', 'Complete'));
  expect(new Set(uids).size).toBe(4);
});

test('a Job that has succeeded is left as it is, and one that is gone since then is made again', async () => {
  await apply('succeeds', 'true');
  const uid = await waitFor('succeeds', 'Complete');
  await apply('succeeds', 'true');
  expect(await uidOf('succeeds')).toBe(uid);
  // As its time to live would.
  await kubectl(['delete', 'job', 'succeeds', '-n', namespace]);
  await apply('succeeds', 'true');
  expect(await waitFor('succeeds', 'Complete')).not.toBe(uid);
});

test('a Job that has failed begins anew, though it is the same', async () => {
  await apply('fails', 'exit 3');
  const uid = await waitFor('fails', 'Failed');
  await apply('fails', 'exit 3');
  expect(await uidOf('fails')).not.toBe(uid);
});

test('what the API server refuses for another reason is told, and no Job is removed for it', async () => {
  await apply('stays', 'sleep 600');
  const uid = await uidOf('stays');
  await expect(apply('stays', 'sleep 600', { 'no proper key!': '5' })).rejects.toThrow(
    /ConfigMap "stays-settings" is invalid/,
  );
  expect([await uidOf('stays'), calls]).toEqual([uid, ['kustomize', 'get', 'apply']]);
});
