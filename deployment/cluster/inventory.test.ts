import { expect, test } from 'vitest';
import { listKinds, parseList } from './inventory.ts';

const table = `configmaps     cm      v1                             true    ConfigMap
events         ev      v1                             true    Event
namespaces     ns      v1                             false   Namespace
clusterroles           rbac.authorization.k8s.io/v1   false   ClusterRole
`;
const kinds = [
  { resource: 'configmaps', apiVersion: 'v1', kind: 'ConfigMap', isNamespaced: true },
  { resource: 'namespaces', apiVersion: 'v1', kind: 'Namespace', isNamespaced: false },
  {
    resource: 'clusterroles.rbac.authorization.k8s.io',
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    isNamespaced: false,
  },
];

test('reads the kinds of a cluster, with short names and without', async () => {
  expect(await listKinds(async () => table)).toEqual(kinds);
});

test('an extension whose API is away does not hide the other kinds', async () => {
  const cause = {
    stdout: table,
    stderr: 'unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1',
  };
  expect(await listKinds(() => Promise.reject(new Error('kubectl', { cause })))).toEqual(kinds);
  await expect(listKinds(() => Promise.reject(new Error('no route')))).rejects.toThrow('no route');
});

test('reads what kubectl prints of no object, of one, and of several', () => {
  const one = { kind: 'ConfigMap' };
  expect([
    parseList(''),
    parseList(JSON.stringify(one)),
    parseList(JSON.stringify({ kind: 'List', items: [one] })),
  ]).toEqual([[], [one], [one]]);
});
