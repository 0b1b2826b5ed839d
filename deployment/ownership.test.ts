import { expect, test } from 'vitest';
import { isForeign } from './ownership.ts';

const metadata = { name: 'default', namespace: 'web-tier' };

test.each([
  [
    'what carries the label',
    { kind: 'ConfigMap', metadata: { ...metadata, labels: { 'app.kubernetes.io/part-of': 'ml-job-mesh' } } },
  ],
  [
    'what a deployment has applied',
    { kind: 'ConfigMap', metadata: { ...metadata, managedFields: [{ manager: 'ml-job-mesh', operation: 'Apply' }] } },
  ],
  ['the account that each namespace has from its beginning', { kind: 'ServiceAccount', metadata }],
])("nobody else's is %s", (_, object) => {
  expect(isForeign(object)).toBe(false);
});

test.each([
  ['an account of another name', { kind: 'ServiceAccount', metadata: { ...metadata, name: 'web-tier' } }],
  [
    'what has been applied by others',
    { kind: 'ConfigMap', metadata: { ...metadata, managedFields: [{ manager: 'helm', operation: 'Apply' }] } },
  ],
  [
    'what has an owner of its own',
    {
      kind: 'Deployment',
      metadata: { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'App', name: 'a', uid: 'b' }] },
    },
  ],
])('somebody else has made %s', (_, object) => {
  expect(isForeign(object)).toBe(true);
});
