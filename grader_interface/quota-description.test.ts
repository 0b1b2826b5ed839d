import type { V1ResourceQuota } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { describeQuotas } from './quota-description.ts';

// The expected texts were printed by kubectl 1.36.3; the test on a cluster compares with the kubectl that is there.

function quota(name: string, spec: V1ResourceQuota['spec'], used?: Record<string, string>): V1ResourceQuota {
  const metadata = { name, namespace: 'free-service' };
  return used ? { metadata, spec: spec!, status: { hard: spec!.hard!, used } } : { metadata, spec: spec! };
}

test('the quota of the free tier reads as kubectl describes it', () => {
  const hard = { 'requests.cpu': '2', 'limits.cpu': '2' };
  const text = describeQuotas('free-service', [
    quota('free-tier-quota', { hard }, { 'requests.cpu': '900m', 'limits.cpu': '900m' }),
  ]);
  expect(text).toBe(
    `Name:         free-tier-quota
Namespace:    free-service
Resource      Used  Hard
--------      ----  ----
limits.cpu    900m  2
requests.cpu  900m  2
`,
  );
});

test('several quotas are set apart by two empty lines, and each is aligned by itself', () => {
  const text = describeQuotas('free-service', [
    quota('a', { hard: { 'count/jobs.batch': '500', 'limits.memory': '1536Mi' } }, { 'count/jobs.batch': '12' }),
    quota('b', { hard: { pods: '3' } }, { pods: '0' }),
  ]);
  expect(text).toBe(
    `Name:             a
Namespace:        free-service
Resource          Used  Hard
--------          ----  ----
count/jobs.batch  12    500
limits.memory     0     1536Mi


Name:       b
Namespace:  free-service
Resource    Used  Hard
--------    ----  ----
pods        0     3
`,
  );
});

test('a used amount is written in the way of the hard one', () => {
  const text = describeQuotas('free-service', [
    quota(
      'a',
      { hard: { 'requests.storage': '10Gi', 'requests.memory': '1Gi' } },
      { 'requests.storage': '10G', 'requests.memory': '1500m' },
    ),
  ]);
  expect(text).toContain('requests.memory   2          1Gi\nrequests.storage  9765625Ki  10Gi\n');
});

test('scopes are sorted and explained, and the explanation ends a column', () => {
  const text = describeQuotas('free-service', [
    quota('scoped', { hard: { pods: '10' }, scopes: ['NotTerminating', 'BestEffort'] }, { pods: '1' }),
  ]);
  expect(text).toBe(
    `Name:       scoped
Namespace:  free-service
Scopes:     BestEffort, NotTerminating
 * Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.
 * Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.
Resource  Used  Hard
--------  ----  ----
pods      1     10
`,
  );
});

test('scopes that kubectl does not explain, and scope selectors, change nothing else', () => {
  const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] };
  const text = describeQuotas('free-service', [
    quota('s', { hard: { pods: '5' }, scopes: ['CrossNamespacePodAffinity'], scopeSelector }, { pods: '1' }),
  ]);
  expect(text).toBe(
    `Name:       s
Namespace:  free-service
Scopes:     CrossNamespacePodAffinity
Resource    Used  Hard
--------    ----  ----
pods        1     5
`,
  );
});

test('a quota without a status has a table without rows', () => {
  expect(describeQuotas('free-service', [quota('new', { hard: { pods: '3' } })])).toBe(
    `Name:       new
Namespace:  free-service
Resource    Used  Hard
--------    ----  ----
`,
  );
});

test('a namespace without quotas is told in the words of kubectl', () => {
  expect(describeQuotas('premium-service', [])).toBe('No resources found in premium-service namespace.\n');
});
