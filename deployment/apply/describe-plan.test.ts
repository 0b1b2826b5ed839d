import type { KubernetesObject } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { describePlan, requireFeasible } from './describe-plan.ts';
import type { Plan } from './plan.ts';

const object = (kind: string, name: string, namespace?: string): KubernetesObject => ({
  kind,
  metadata: { name, namespace },
});
const nothing: Plan = {
  kinds: [],
  created: [],
  changed: [],
  again: [],
  unchanged: [],
  leftOver: [],
  foreign: [],
  closed: [],
  missing: [],
  leaving: [],
};

test('what is created is named by place, what changes with its first fields, and the rest is counted', () => {
  const plan = {
    ...nothing,
    created: [
      object('Namespace', 'web-tier'),
      object('ClusterRole', 'reader'),
      object('ClusterRole', 'writer'),
      object('PersistentVolume', 'models'),
      object('Service', 'web-tier', 'web-tier'),
    ],
    changed: [
      { object: object('Deployment', 'free-tier', 'free-tier'), fields: ['spec.a', 'spec.b', 'spec.c', 'spec.d'] },
    ],
    again: [object('Job', 'ml-training-job', 'ml-pipeline')],
    unchanged: [object('ConfigMap', 'settings', 'ml-pipeline')],
  };
  expect(describePlan(plan, false)).toEqual([
    '5 to create, 1 to change, 1 to begin anew, 1 unchanged',
    '  + new namespace web-tier: Service web-tier',
    '  + cluster-wide: ClusterRole reader, writer; PersistentVolume models',
    '  ~ Deployment free-tier/free-tier: spec.a, spec.b, spec.c and 1 more',
    '  ↻ Job ml-pipeline/ml-training-job: has other settings or has failed',
  ]);
});

test('of what is no longer described, what holds data or the objects of others is never removed', () => {
  const leftOver = [
    object('Role', 'old', 'web-tier'),
    object('Namespace', 'monitoring'),
    object('PersistentVolume', 'models'),
  ];
  const byHand = 'no longer in the manifests; it holds data, so remove it by hand';
  expect(describePlan({ ...nothing, leftOver }, true)).toEqual([
    '0 objects, none of them changed',
    '  - Role web-tier/old: removed, the manifests no longer describe it',
    `  ! Namespace monitoring: ${byHand}`,
    `  ! PersistentVolume models: ${byHand}`,
  ]);
});

test('objects of others are in the way unless they are taken over; a cleanup that is under way always is', () => {
  const taken = { ...nothing, foreign: [object('Namespace', 'web-tier')] };
  expect(() => requireFeasible(taken, { adopt: false, prune: false })).toThrow(
    /they are not the mesh's: Namespace web-tier\. .*--adopt/,
  );
  expect(() => requireFeasible(taken, { adopt: true, prune: false })).not.toThrow();
  expect(() =>
    requireFeasible({ ...nothing, leaving: ['web-tier', 'free-tier'] }, { adopt: true, prune: false }),
  ).toThrow(
    'web-tier, free-tier are being deleted. Wait until `npm run cleanup` has ended, and run this again. Nothing was applied',
  );
});

test('an entrance that would stay open is in the way, unless it is pruned', () => {
  const plan = { ...nothing, leftOver: [object('Role', 'old', 'web-tier'), object('Ingress', 'web-tier', 'web-tier')] };
  expect(() => requireFeasible(plan, { adopt: true, prune: false })).toThrow(
    /no longer describe Ingress web-tier\/web-tier, which would stay open.* Add --prune/,
  );
  expect(() => requireFeasible(plan, { adopt: true, prune: true })).not.toThrow();
  const closed = { ...nothing, closed: [object('Service', 'web-tier', 'web-tier')] };
  expect(() => requireFeasible(closed, { adopt: true, prune: true })).toThrow(
    /Delete it first: `kubectl -n web-tier delete service web-tier`\. Nothing was applied$/,
  );
});

test('a Secret that nobody has made is named, and is in the way where it could have been made', () => {
  const missing = (hasNamespace: boolean) => ({
    ...nothing,
    missing: [
      { object: object('Secret', 'api-keys', 'free-tier'), neededBy: 'Deployment free-tier/free-tier', hasNamespace },
    ],
  });
  expect(describePlan(missing(false), false)).toContain(
    '  ! Secret free-tier/api-keys: not there; Deployment free-tier/free-tier does not start without it',
  );
  const options = { adopt: false, prune: false };
  expect(() => requireFeasible(missing(false), options)).not.toThrow();
  expect(() => requireFeasible(missing(true), options)).toThrow(
    'Secret free-tier/api-keys (for Deployment free-tier/free-tier). manifests/README.md ("Keys") says how the keys are made',
  );
});

test.each([
  ['file system', 'StorageClass', { parameters: { fileSystemId: 'fs-00000000000000000' } }],
  [
    'certificate of its own',
    'Service',
    { spec: { arn: 'arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000' } },
  ],
  ['host name of its own', 'Ingress', { spec: { rules: [{ host: 'mesh.example.com' }] } }],
])('a %s that nobody has named is in the way', (what, kind, fields) => {
  const options = { adopt: false, prune: false };
  const withFields = (some: object) => ({ ...nothing, created: [{ ...object(kind, 'one'), ...some }] });
  expect(() => requireFeasible(withFields(fields), options)).toThrow(
    new RegExp(`^${kind} one names no ${what} yet: .* as docs/eks.md shows .* Nothing was applied$`),
  );
  const set = JSON.parse(
    JSON.stringify(fields)
      .replace(/fs-0+/, 'fs-0123456789abcdef0')
      .replace(/0{8}-/, '1234abcd-')
      .replace('example.com', 'school.edu'),
  );
  expect(() => requireFeasible(withFields(set), options)).not.toThrow();
});
