// Needs a node at an address of this machine, as the embedded cluster's are.
import https from 'node:https';
import { expect, test } from 'vitest';
import { cluster, shell, until, useNamespace } from '../testing/cluster-under-test.ts';

const pods = useNamespace('metrics');

/** The status and body of a node's answer to whoever has this token. */
function askNode(address: string, token?: string): Promise<{ status: number; body: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const options = { host: address, port: 10250, path: '/metrics/resource', rejectUnauthorized: false, headers };
  return new Promise((resolve, reject) => {
    https
      .get({ ...options, agent: false }, async (answer) => {
        const chunks = await answer.toArray();
        resolve({ status: answer.statusCode!, body: Buffer.concat(chunks).toString() });
      })
      .on('error', reject);
  });
}

async function tokenOf(account: string): Promise<string> {
  const path = `/api/v1/namespaces/${pods.namespace}/serviceaccounts`;
  await cluster.create(path, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
  const { status } = await cluster.create<{ status: { token: string } }>(`${path}/${account}/token`, request);
  return status.token;
}

async function allowMetrics(account: string): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const metadata = { name: pods.namespace };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const rules = [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }];
  await cluster.create(`${rbac}/clusterroles`, { apiVersion, kind: 'ClusterRole', metadata, rules });
  await cluster.create(`${rbac}/clusterrolebindings`, {
    ...{ apiVersion, kind: 'ClusterRoleBinding', metadata },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: pods.namespace },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: pods.namespace }],
  });
}

test('a node tells what its containers use to accounts that may read its metrics, and to nobody else', async () => {
  await pods.create('busy', [shell('while :; do :; done')], { terminationGracePeriodSeconds: 0 });
  const { spec } = await pods.waitForRunning('busy');
  const { status } = await cluster.get<{ status: { addresses: { type: string; address: string }[] } }>(
    `/api/v1/nodes/${spec!.nodeName}`,
  );
  const address = status.addresses.find(({ type }) => type === 'ExternalIP')!.address;
  await allowMetrics('reader');
  const [reader, stranger] = await Promise.all([tokenOf('reader'), tokenOf('stranger')]);
  expect((await askNode(address)).status).toBe(401);
  expect((await askNode(address, 'made-up')).status).toBe(403);
  expect((await askNode(address, stranger)).status).toBe(403);

  const labels = `{container="main",namespace="${pods.namespace}",pod="busy"}`;
  const read = async (metric: string) => {
    const { status: code, body } = await askNode(address, reader);
    expect(code).toBe(200);
    const line = body.split('\n').find((each) => each.startsWith(`${metric}${labels} `));
    return Number(line?.split(' ').at(-1));
  };
  await until(async () => (await read('container_cpu_usage_seconds_total')) > 0.1, 'CPU time of the container');
  expect(await read('container_memory_working_set_bytes')).toBeGreaterThan(100_000);
  await cluster.delete(`/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${pods.namespace}`);
  await cluster.delete(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${pods.namespace}`);
});
