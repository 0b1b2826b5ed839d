import { expect, test, vi } from 'vitest';
import type { Pod, ResourceQuota } from '../state/kubernetes-objects.ts';
import { quotas, startTestTier } from '../testing/test-tier.ts';
import { countsPod } from './quota-scopes.ts';

type PodSpec = NonNullable<Pod['spec']>;
type QuotaSpec = NonNullable<ResourceQuota['spec']>;

const resources = { requests: { cpu: '900m' }, limits: { cpu: '900m' } };
const plain: PodSpec = { containers: [{ name: 'classify', resources }] };
const bestEffort: PodSpec = { containers: [{ name: 'classify', resources: { requests: { cpu: '0' } } }] };
const high: PodSpec = { ...plain, priorityClassName: 'high' };
const ending: PodSpec = { ...plain, activeDeadlineSeconds: 0 };
const term = { topologyKey: 'zone', namespaceSelector: {} };
const far: PodSpec = {
  ...plain,
  affinity: {
    podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] },
  },
};
const near: PodSpec = {
  ...plain,
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
};
const pods = { plain, bestEffort, high, ending, far, near };
const all = Object.keys(pods);
const without = (...names: string[]) => all.filter((name) => !names.includes(name));
const byClass = (operator: string, values?: string[]): QuotaSpec => ({
  scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values && { values }) }] },
});

test.each<[string, QuotaSpec, string[]]>([
  ['without scopes', {}, all],
  ['Terminating', { scopes: ['Terminating'] }, ['ending']],
  ['NotTerminating', { scopes: ['NotTerminating'] }, without('ending')],
  ['BestEffort', { scopes: ['BestEffort'] }, ['bestEffort']],
  ['NotBestEffort', { scopes: ['NotBestEffort'] }, without('bestEffort')],
  ['with several scopes', { scopes: ['NotBestEffort', 'Terminating'] }, ['ending']],
  ['for any priority class', { scopes: ['PriorityClass'] }, ['high']],
  ['for a class among some', byClass('In', ['high', 'low']), ['high']],
  ['for a class among others', byClass('In', ['low']), []],
  ['for a class not among some', byClass('NotIn', ['high']), without('high')],
  ['for some class', byClass('Exists'), ['high']],
  ['for no class', byClass('DoesNotExist'), without('high')],
  ['CrossNamespacePodAffinity', { scopes: ['CrossNamespacePodAffinity'] }, ['far']],
  ['with a scope that is not for pods', { scopes: ['VolumeAttributesClass'] }, []],
  ['with a scope and a selector', { ...byClass('Exists'), scopes: ['BestEffort'] }, []],
])('a quota %s counts the pods that match', (_, spec, expected) => {
  const counted = Object.entries(pods).filter(([, pod]) => countsPod({ spec }, pod));
  expect(counted.map(([name]) => name)).toEqual(expected);
});

test('a tier is not stopped by a quota that does not count its pods, and is by one that does', async () => {
  const { post, stub, inject, index } = await startTestTier({ admits: true });
  const namespace = 'free-service';
  const spec = { hard: { pods: '0' }, scopes: ['BestEffort'] };
  stub.create(quotas, { metadata: { name: 'no-best-effort', namespace }, spec });
  await post({ dataset: 'mnist' });
  await vi.waitFor(() => expect(index.counts).toMatchObject({ starting: 1, queued: 0 }));
  expect((await inject({ url: '/free/queue' })).json()).toMatchObject({ limit: 2, waiting_reason: null });
  stub.change(quotas, 'no-best-effort', { spec: { scopes: ['NotBestEffort'] } });
  await vi.waitFor(async () =>
    expect((await inject({ url: '/free/queue' })).json()).toMatchObject({
      limit: 0,
      waiting_reason: { code: 'quota_too_small' },
    }),
  );
});
