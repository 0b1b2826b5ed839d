/** An API server of somebody else's (metrics-server, say), behind the cluster's own. */
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { createAuthority, issueCertificate } from './certificates.ts';

const group = 'extension.ml-job-mesh.test';

test('an extension API server is asked in the name of the user, by a client that it can know', async () => {
  const cluster = connectToCluster({ kubeconfig: inject('kubeconfig') });
  onTestFinished(() => cluster.close());
  const { data } = await cluster.get<V1ConfigMap>(
    '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
  );
  const served = await issueCertificate(await createAuthority('extension'), { user: 'extension' }, ['localhost']);
  const asked: unknown[] = [];
  const server = https.createServer(
    { ...{ cert: served.certificate, key: served.key }, ca: data!['requestheader-client-ca-file'], requestCert: true },
    ({ url, headers, socket }, response) => {
      const { authorized, getPeerCertificate } = socket as TLSSocket;
      const { subject } = getPeerCertificate.call(socket);
      asked.push([url, headers['x-remote-user'], headers['x-remote-group'], authorized, subject?.CN]);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ kind: 'APIResourceList', groupVersion: `${group}/v1`, resources: [] }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onTestFinished(() => void server.close().closeAllConnections());

  const { port } = server.address() as AddressInfo;
  await cluster.create('/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'extension' },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
  });
  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  await cluster.create(services, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}` },
    spec: {
      ...{ group, version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true },
      service: { namespace: 'default', name: 'extension', port },
    },
  });
  onTestFinished(async () => {
    await cluster.delete(`${services}/v1.${group}`);
    await cluster.delete('/api/v1/namespaces/default/services/extension');
  });

  const path = `/apis/${group}/v1/namespaces/default/things`;
  await vi.waitFor(() => cluster.get(path), { timeout: 30_000 });
  expect(asked).toContainEqual([
    path,
    'mesh-admin',
    'system:masters, system:authenticated',
    true,
    'front-proxy-client',
  ]);
});
