import { expect, test } from 'vitest';
import { findDifferences } from './differences.ts';

const deployment = (image: string, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web-tier', labels: { 'a.example/b': 'c' } },
  spec: { template: { spec: { containers: [{ name: 'envoy', image }] } } },
  ...more,
});

test('names the fields that differ, in lists and in names with dots as well', () => {
  const before = deployment('envoy:1', { metadata: { name: 'web-tier', labels: { 'a.example/b': 'd' } } });
  expect(findDifferences(before, deployment('envoy:2'))).toEqual([
    'spec.template.spec.containers[0].image',
    'metadata.labels.a.example/b',
  ]);
});

test('a field that is added or taken back differs', () => {
  expect(findDifferences(deployment('envoy:1'), deployment('envoy:1', { data: {} }))).toEqual(['data']);
  expect(findDifferences(deployment('envoy:1', { data: { a: '1' } }), deployment('envoy:1'))).toEqual(['data']);
});

test('what the API server keeps for itself does not count', () => {
  const served = {
    ...deployment('envoy:1', { status: { replicas: 1 } }),
    metadata: {
      name: 'web-tier',
      labels: { 'a.example/b': 'c' },
      uid: 'u',
      resourceVersion: '7',
      generation: 2,
      creationTimestamp: '2026-11-21T10:00:00Z' as never,
      managedFields: [{ manager: 'kubelet' }],
    },
  };
  expect(findDifferences(served, deployment('envoy:1'))).toEqual([]);
});
