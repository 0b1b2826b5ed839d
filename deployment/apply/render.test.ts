import type { V1Job } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { inOrder, nameNamespaces, stampSettings } from './render.ts';

const configMap = (data: Record<string, string>) => ({ kind: 'ConfigMap', metadata: { name: 'settings' }, data });

const fromConfigMap = { name: 'EPOCHS', valueFrom: { configMapKeyRef: { name: 'settings', key: 'EPOCHS' } } };

/** A Job with this container. */
function job(container: object) {
  return { kind: 'Job', metadata: { name: 'train' }, spec: { template: { spec: { containers: [container] } } } };
}

const annotationsOf = (objects: object[]) => {
  const [stamped] = stampSettings(objects).filter(({ kind }) => kind === 'Job') as V1Job[];
  return stamped!.spec!.template.metadata?.annotations;
};

test('everything is applied after what it needs', () => {
  const kinds = ['Ingress', 'Deployment', 'Job', 'Custom', 'PersistentVolumeClaim', 'Role', 'ConfigMap', 'Namespace'];
  expect(inOrder(kinds.map((kind) => ({ kind }))).map(({ kind }) => kind)).toEqual([
    'Namespace',
    'ConfigMap',
    'Role',
    'PersistentVolumeClaim',
    'Job',
    'Deployment',
    'Ingress',
    'Custom',
  ]);
});

test.each([
  ['one by one', { env: [fromConfigMap] }],
  ['all at once', { envFrom: [{ configMapRef: { name: 'settings' } }] }],
])('a Job that reads its settings %s is another Job with other settings', (_, container) => {
  const five = annotationsOf([job(container), configMap({ EPOCHS: '5' })]);
  expect(annotationsOf([configMap({ EPOCHS: '5' }), job(container)])).toEqual(five);
  expect(annotationsOf([job(container), configMap({ EPOCHS: '6' })])).not.toEqual(five);
  const elsewhere = { ...configMap({ EPOCHS: '6' }), metadata: { name: 'settings', namespace: 'elsewhere' } };
  expect(annotationsOf([elsewhere, job(container), configMap({ EPOCHS: '5' })])).toEqual(five);
});

test('a Job without settings stays as it is', () => {
  expect(annotationsOf([job({ env: [{ name: 'EPOCHS', value: '5' }] })])).toBeUndefined();
});

test('an object that names no namespace is in default, if its kind has namespaces', () => {
  const kinds = [
    { resource: 'configmaps', apiVersion: 'v1', kind: 'ConfigMap', isNamespaced: true },
    { resource: 'namespaces', apiVersion: 'v1', kind: 'Namespace', isNamespaced: false },
    {
      resource: 'ingresses.networking.k8s.io',
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      isNamespaced: true,
    },
  ];
  const place = (apiVersion: string, kind: string, namespace?: string) => {
    const [object] = nameNamespaces(
      [{ apiVersion, kind, metadata: { name: 'x', ...(namespace && { namespace }) } }],
      kinds,
    );
    return object!.metadata!.namespace;
  };
  expect([
    place('v1', 'ConfigMap'),
    place('v1', 'ConfigMap', 'web-tier'),
    place('networking.k8s.io/v1beta1', 'Ingress'),
    place('v1', 'Namespace'),
  ]).toEqual(['default', 'web-tier', 'default', undefined]);
});
