import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { prepareCredentials } from './credentials.ts';
import { isReplacementPending } from './pending-replacement.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'credentials-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('authorities and the key of the tokens outlive a start; what they sign is new and names the new address', async () => {
  const folder = temporaryFolder();
  const first = await prepareCredentials(folder, '127.244.0.1', 6443);
  const kept = [first.clusterCa, first.etcdCa, first.nodeClientCa, first.serviceAccountKey];
  const before = kept.map((file) => readFileSync(file, 'utf8'));
  const second = await prepareCredentials(folder, '127.245.0.1', 6443);
  expect(kept.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  const { subject, subjectAltName } = new X509Certificate(readFileSync(second.apiServer.certificate));
  expect(subject).toBe('CN=kube-apiserver');
  expect(subjectAltName).toMatch(/^IP Address:127\.245\.0\.1, DNS:kubernetes, /);
  const { clusters, users } = parse(readFileSync(second.kubeconfigs.admin, 'utf8'));
  expect(clusters[0].cluster.server).toBe('https://127.245.0.1:6443');
  expect(users[0].name).toBe('admin');
});

test('an authority or a key that was truncated to nothing is made anew', async () => {
  const folder = temporaryFolder();
  const kept = ['clusterCa', 'etcdCa', 'nodeClientCa', 'serviceAccountKey', 'serviceAccountPublicKey'] as const;
  const first = await prepareCredentials(folder, '127.244.0.1', 6443);
  const files = [...kept.map((name) => first[name]), first.clusterCa.replace('.crt', '.key')];
  for (const file of files) {
    writeFileSync(file, '');
    const { admin, clusterCa } = await prepareCredentials(folder, '127.244.0.1', 6443);
    expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN /);
    const authority = new X509Certificate(readFileSync(clusterCa));
    expect(new X509Certificate(readFileSync(admin.certificate)).verify(authority.publicKey)).toBe(true);
  }
});

test.each(['clusterCa', 'serviceAccountKey'] as const)(
  'pods of earlier starts have to be replaced when %s was lost',
  async (name) => {
    const folder = temporaryFolder();
    const first = await prepareCredentials(folder, '127.244.0.1', 6443);
    mkdirSync(path.join(folder, 'etcd'));
    await prepareCredentials(folder, '127.244.0.1', 6443);
    expect(isReplacementPending(folder)).toBe(false);
    rmSync(first[name]);
    await prepareCredentials(folder, '127.244.0.1', 6443);
    expect(isReplacementPending(folder)).toBe(true);
  },
);

test('every file can be read by its owner only', async () => {
  const folder = temporaryFolder();
  await prepareCredentials(folder, '127.244.0.1', 6443);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const open = files.filter((file) => (statSync(path.join(file.parentPath, file.name)).mode & 0o077) !== 0);
  expect(files.length).toBeGreaterThan(20);
  expect(open.map(({ name }) => name)).toEqual([]);
});

test('a node is known as a node, and only the API server may ask the nodes for logs or talk to etcd', async () => {
  const credentials = await prepareCredentials(temporaryFolder(), '127.244.0.1', 6443);
  const { users } = parse(readFileSync(credentials.kubeconfigs['node-2'], 'utf8'));
  const node = new X509Certificate(Buffer.from(users[0].user['client-certificate-data'], 'base64'));
  expect([node.subject, node.issuer]).toEqual(['O=system:nodes\nCN=system:node:node-2', 'CN=ml-job-mesh-cluster']);
  const issuerOf = (file: string) => new X509Certificate(readFileSync(file)).issuer;
  expect(issuerOf(credentials.nodeClient.certificate)).toBe('CN=ml-job-mesh-node-client');
  expect(issuerOf(credentials.etcdClient.certificate)).toBe('CN=ml-job-mesh-etcd');
});

test('a cluster with a network of its own has more names for its API server, and nodes that serve', async () => {
  const { apiServer, nodes, kubeconfigs } = await prepareCredentials(temporaryFolder(), '10.89.0.1', 6443, {
    context: 'elsewhere',
    apiServerHosts: ['10.96.0.1'],
    hosts: { 'node-2': ['10.89.0.12', 'node-2'] },
  });
  const read = (file: string) => new X509Certificate(readFileSync(file));
  expect(read(apiServer.certificate).subjectAltName).toContain('IP Address:10.96.0.1');
  const node = read(nodes['node-2'].certificate);
  expect([node.subject, node.subjectAltName]).toEqual([
    'O=system:nodes\nCN=system:node:node-2',
    'IP Address:10.89.0.12, DNS:node-2',
  ]);
  expect(read(nodes['node-1'].certificate).subjectAltName).toBeUndefined();
  const kubeconfig = parse(readFileSync(kubeconfigs['node-2'], 'utf8'));
  expect([kubeconfig['current-context'], kubeconfig.contexts[0].name]).toEqual(['elsewhere', 'elsewhere']);
});
