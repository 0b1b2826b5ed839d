import { expect, test } from 'vitest';
import { findMissing, findReferences } from './references.ts';

const deployment = {
  kind: 'Deployment',
  metadata: { namespace: 'web-tier', name: 'front' },
  spec: {
    template: {
      spec: {
        volumes: [
          { name: 'keys', secret: { secretName: 'api-keys' } },
          { name: 'tls', secret: { secretName: 'web-tier-tls' } },
          { name: 'maybe', secret: { secretName: 'maybe', optional: true } },
          { name: 'all', projected: { sources: [{ configMap: { name: 'theirs' } }, { configMap: { name: 'ours' } }] } },
        ],
        containers: [{ name: 'front', envFrom: [{ secretRef: { name: 'token' } }] }],
      },
    },
  },
};
const objects = [
  deployment,
  { kind: 'ConfigMap', metadata: { namespace: 'web-tier', name: 'ours' } },
  { kind: 'Certificate', metadata: { namespace: 'web-tier', name: 'front' }, spec: { secretName: 'web-tier-tls' } },
];
const needed = (kind: string, name: string) => ({
  object: { apiVersion: 'v1', kind, metadata: { namespace: 'web-tier', name } },
  neededBy: 'Deployment web-tier/front',
});

test('pods need the Secrets and ConfigMaps that are not optional, and nobody makes from the manifests', () => {
  expect(findReferences(objects)).toEqual([
    needed('Secret', 'api-keys'),
    needed('ConfigMap', 'theirs'),
    needed('Secret', 'token'),
  ]);
});

test('what the cluster has not got is missing, and known to come later where its namespace is new', async () => {
  const kubectl = async () => 'Secret      web-tier   token\nConfigMap   web-tier   theirs\n';
  const missing = { ...needed('Secret', 'api-keys'), hasNamespace: true };
  expect(await findMissing(kubectl, objects, [])).toEqual([missing]);
  expect(await findMissing(kubectl, objects, ['web-tier'])).toEqual([{ ...missing, hasNamespace: false }]);
});
