import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { V1ResourceQuota, V1ResourceQuotaList, V1ResourceQuotaSpec } from '@kubernetes/client-node';
import { describe, expect, inject, test } from 'vitest';
import { cluster, kubeconfig, until, useNamespace } from '../local_cluster/node/testing/cluster-under-test.ts';
import { createClusterReader } from './cluster-reader.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The binary that is also kubectl: `controlPlane kubectl …`. */
    controlPlane: string;
  }
}

type Amounts = Record<string, string>;

interface OddQuota extends V1ResourceQuotaSpec {
  name: string;
  hard: Amounts;
  used?: Amounts;
}

const oddities: Record<string, OddQuota[]> = {
  'no quota': [],
  "a tier's quota": [
    {
      name: 'free-tier-quota',
      hard: { 'requests.cpu': '2', 'limits.cpu': '2' },
      used: { 'requests.cpu': '900m', 'limits.cpu': '1800m' },
    },
  ],
  'several, in the order of their names': [
    { name: 'b', hard: { pods: '3' }, used: { pods: '0' } },
    {
      name: 'a-longer-name.with.dots',
      hard: {
        'count/jobs.batch': '500',
        'requests.nvidia.com/gpu': '4',
        'gold.storageclass.storage.k8s.io/requests.storage': '500Gi',
      },
      used: { 'count/jobs.batch': '12', 'gold.storageclass.storage.k8s.io/requests.storage': '1500Mi' },
    },
    { name: 'a0', hard: { services: '0' } },
    { name: 'a-b', hard: { services: '1k' }, used: { services: '1e3' } },
  ],
  'scopes that are explained': [
    { name: 'one', scopes: ['NotTerminating', 'BestEffort'], hard: { pods: '10' }, used: { pods: '1' } },
    {
      name: 'two',
      scopes: ['Terminating', 'NotBestEffort'],
      hard: { 'requests.cpu': '1e1', pods: '4' },
      used: { 'requests.cpu': '1500m' },
    },
  ],
  'a scope that is not, and a scope selector': [
    { name: 'one', scopes: ['CrossNamespacePodAffinity'], hard: { pods: '5' }, used: { pods: '1' } },
    {
      name: 'two',
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
      hard: { 'requests.cpu': '0.1', 'requests.memory': '128974848' },
      used: { 'requests.cpu': '1u', 'requests.memory': '129e6' },
    },
  ],
  'amounts that are hardly ever written so': [
    {
      name: 'odd',
      hard: {
        'requests.cpu': '1.500',
        'limits.cpu': '05',
        'requests.memory': '100Ki',
        'limits.memory': '1100',
        'requests.ephemeral-storage': '9E',
        'limits.ephemeral-storage': '8Ei',
        'requests.storage': '1025Ki',
        'example.com/x': '1000',
      },
      used: {
        'requests.cpu': '0.0005',
        'limits.cpu': '1.050',
        'requests.memory': '1k',
        'limits.memory': '1Ki',
        'requests.ephemeral-storage': '0.5Gi',
        'limits.ephemeral-storage': '100M',
        'requests.storage': '1e3',
        'example.com/x': '0',
      },
    },
  ],
};

describe.each(Object.entries(oddities))('with %s', (_, quotas) => {
  const { namespace } = useNamespace('quota');
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;

  test('the text is what kubectl prints, byte for byte', async () => {
    for (const { name, used: _, ...spec } of quotas) await cluster.create(path, { metadata: { name }, spec });
    const { readQuotas } = createClusterReader(cluster);
    // The quota controller writes each status once, and may do so after this test has: then all is read again.
    await until(async () => {
      for (const quota of quotas) await setUsed(path, quota);
      const before = await versionsIn(path);
      const [printed, text] = [await kubectlDescribe(namespace), await readQuotas(namespace)];
      if ((await versionsIn(path)) !== before) return undefined;
      expect(text).toBe(printed);
      return text;
    }, 'the quotas to be left alone');
  });
});

async function setUsed(path: string, { name, hard, used }: OddQuota): Promise<void> {
  if (used) await cluster.patch<V1ResourceQuota>(`${path}/${name}/status`, { status: { hard, used } });
}

async function versionsIn(path: string): Promise<string> {
  const { items } = await cluster.get<V1ResourceQuotaList>(path);
  return items.map(({ metadata }) => metadata?.resourceVersion).join();
}

/** What is read on a terminal, where both of its outputs end up. */
async function kubectlDescribe(namespace: string): Promise<string> {
  const [program, ...first] = process.env.TEST_KUBECTL
    ? [process.env.TEST_KUBECTL]
    : [inject('controlPlane'), 'kubectl'];
  const args = [...first, `--kubeconfig=${kubeconfig}`, 'describe', 'quota', '-n', namespace];
  const { stdout, stderr } = await promisify(execFile)(program!, args);
  return stdout + stderr;
}
