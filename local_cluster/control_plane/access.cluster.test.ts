/** What the cluster's ports answer to those who have no business with them. */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { ports } from './address-octet.ts';

const { clusters, users } = parse(readFileSync(inject('kubeconfig'), 'utf8'));
const { hostname: controlPlane } = new URL(clusters[0].cluster.server);
const node = controlPlane.replace(/\.0\.1$/, '.1.1');
const fromBase64 = (text: string) => Buffer.from(text, 'base64');
const administrator = {
  cert: fromBase64(users[0].user['client-certificate-data']),
  key: fromBase64(users[0].user['client-key-data']),
};

/** Gives the status of the answer, or `refused` where the connection is not taken without a certificate. */
function ask(host: string, port: number, path: string, client = {}): Promise<number | 'refused'> {
  return new Promise((resolve, reject) => {
    const request = https.get({ host, port, path, rejectUnauthorized: false, agent: false, ...client });
    request.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? reject(error) : resolve('refused'),
    );
  });
}

test.each([
  ['the API', ports.apiServer, '/api/v1/namespaces'],
  ["the API server's health", ports.apiServer, '/readyz'],
  ["the controllers' metrics", ports.controllerManager, '/metrics'],
  ["the scheduler's metrics", ports.scheduler, '/metrics'],
])('%s answers the administrator, and 401 or 403 to nobody in particular', async (_, port, path) => {
  expect(await ask(controlPlane, port, path, administrator)).toBe(200);
  expect([401, 403]).toContain(await ask(controlPlane, port, path));
});

test('a token that nobody has handed out is refused', async () => {
  const headers = { authorization: 'Bearer made-up' };
  expect(await ask(controlPlane, ports.apiServer, '/api/v1/pods', { headers })).toBe(401);
});

test("etcd's two ports and a node's log port refuse everybody, the administrator included", async () => {
  const places = [
    [controlPlane, ports.etcdClient, '/version'],
    [controlPlane, ports.etcdPeer, '/version'],
    [node, 10250, '/containerLogs/kube-system/x/y'],
  ] as const;
  const answers = places.flatMap(([host, port, path]) => [ask(host, port, path), ask(host, port, path, administrator)]);
  expect(
    (await Promise.all(answers)).filter((answer) => answer !== 'refused' && answer !== 401 && answer !== 403),
  ).toEqual([]);
});
