// Which Jobs a tier may touch in a namespace that it shares, and who may make Jobs that look like a tier's: asked of the
// API server with the accounts' own tokens.
import { randomBytes } from 'node:crypto';
import type { V1Job, V1PodSpec } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cluster, until } from '../local_cluster/node/testing/cluster-under-test.ts';
import { useAccounts } from './testing/accounts.ts';
import { applyGroundwork, kubectl } from './testing/kubectl.ts';
import {
  changeLabels,
  container,
  countsOthers,
  createJob,
  jobIn,
  jobsIn,
  refusedLabels,
  refusedReach,
  refusedRights,
  tierLabel,
  tryOut,
} from './testing/tier-jobs.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const neighbour = `neighbour-${randomBytes(3).toString('hex')}`;

const accounts = useAccounts();
let premium: ClusterConnection;
let free: ClusterConnection;
let somebody: ClusterConnection;

beforeAll(async () => {
  await applyGroundwork();
  // Somebody else who works in `default`, and may do everything with Jobs there.
  await cluster.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: neighbour } });
  const rules = [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['*'] }];
  await cluster.create(`${rbac}/roles`, { metadata: { name: neighbour }, rules });
  await cluster.create(`${rbac}/rolebindings`, {
    metadata: { name: neighbour },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: neighbour },
    subjects: [{ kind: 'ServiceAccount', name: neighbour, namespace: 'default' }],
  });
  premium = await accounts.connectAs('premium-tier', 'premium-tier');
  free = await accounts.connectAs('free-tier', 'free-tier');
  somebody = await accounts.connectAs('default', neighbour);
  await until(
    async () => (await tryOut(createJob(somebody, 'default', 'premium', { dryRun: true }))) !== 'done',
    'the policy',
  );
});

afterAll(async () => {
  await accounts.end();
  for (const path of [`${rbac}/rolebindings`, `${rbac}/roles`, '/api/v1/namespaces/default/serviceaccounts']) {
    await cluster.delete(`${path}/${neighbour}`).catch(() => undefined);
  }
  for (const namespace of ['default', 'free-service']) {
    const { items } = await cluster.get<{ items: V1Job[] }>(jobsIn(namespace));
    for (const { metadata } of items.filter(({ metadata }) => metadata!.name!.startsWith('policy-'))) {
      await cluster.delete(jobIn(namespace, metadata!.name!), { propagationPolicy: 'Background' });
    }
  }
});

const annotate = { metadata: { annotations: { touched: 'yes' } } };
const onlyItsOwn = '403 the premium tier may only touch Jobs labelled ml-job-mesh.io/tier=premium';

describe('In a namespace that it shares, the premium tier', () => {
  test('creates, ends and deletes its own Jobs, in every way that it has', async () => {
    const name = await createJob(premium, 'default', 'premium');
    const path = jobIn('default', name);
    const ended = { metadata: annotate.metadata, spec: { suspend: false, activeDeadlineSeconds: 0 } };
    expect(await tryOut(premium.patch(path, ended))).toBe('done');
    const { uid } = (await premium.get<V1Job>(path)).metadata!;
    const background = { propagationPolicy: 'Background', preconditions: { uid } } as const;
    expect(await tryOut(premium.delete(path, background))).toBe('done');
    await until(async () => (await tryOut(cluster.get(path))).startsWith('404'), 'the Job to go');
  });

  test.each([
    ['of somebody else', undefined],
    ["that an administrator labelled as another tier's", 'free'],
  ])('can neither change nor delete a Job %s, nor take it over', async (_, tier) => {
    const name = await createJob(cluster, 'default', tier);
    const path = jobIn('default', name);
    const { metadata: before } = await cluster.get<V1Job>(path);
    const takeOver = { metadata: { labels: { [tierLabel]: 'premium' } } };
    const addFinalizer = { metadata: { finalizers: ['example.com/kept'] } };
    expect([
      await tryOut(premium.patch(path, annotate)),
      await tryOut(premium.patch(path, { spec: { suspend: false } })),
      await tryOut(premium.patch(path, takeOver)),
      await tryOut(premium.patch(path, addFinalizer)),
      await tryOut(premium.delete(path, { propagationPolicy: 'Background' })),
      await tryOut(premium.delete(path, { propagationPolicy: 'Foreground' })),
    ]).toEqual(Array(6).fill(onlyItsOwn));
    expect((await cluster.get<V1Job>(path)).metadata!.labels).toEqual(before!.labels);
    expect((await cluster.get<V1Job>(path)).metadata!.deletionTimestamp).toBeUndefined();
  });

  test('creates no Job without its own label, and keeps it on those that it has', async () => {
    const refused = '403 the premium tier may only create Jobs labelled ml-job-mesh.io/tier=premium';
    expect(await tryOut(createJob(premium, 'default'))).toBe(refused);
    expect(await tryOut(createJob(premium, 'default', 'free'))).toBe(refused);
    const path = jobIn('default', await createJob(premium, 'default', 'premium'));
    const kept = '403 the label ml-job-mesh.io/tier of a Job cannot be changed';
    for (const value of [null, 'free']) {
      expect(await tryOut(premium.patch(path, { metadata: { labels: { [tierLabel]: value } } }))).toBe(kept);
    }
  });
});

describe('Somebody else who may do everything with Jobs there', () => {
  test.each(['premium', 'free', 'gold'])('cannot make one that is labelled as of the tier %s', async (tier) => {
    const refused = '403 only the tier itself may create Jobs labelled ml-job-mesh.io/tier';
    expect(await tryOut(createJob(somebody, 'default', tier))).toBe(refused);
    const path = jobIn('default', await createJob(somebody, 'default'));
    const kept = '403 the label ml-job-mesh.io/tier of a Job cannot be changed';
    expect(await tryOut(somebody.patch(path, { metadata: { labels: { [tierLabel]: tier } } }))).toBe(kept);
  });

  test('works with Jobs of their own as before', async () => {
    const path = jobIn('default', await createJob(somebody, 'default'));
    expect(await tryOut(somebody.patch(path, annotate))).toBe('done');
    expect(await tryOut(somebody.delete(path, { propagationPolicy: 'Background' }))).toBe('done');
  });

  test('cannot have a CronJob make one either', async () => {
    const metadata = { name: 'policy-cron', namespace: 'default', labels: { [tierLabel]: 'premium' } };
    const pod = { containers: [{ name: 'main', image: 'busybox' }], restartPolicy: 'Never' };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { suspend: true, template: { spec: pod } } };
    // What the CronJob controller does when it is time, with its own account.
    const controller = '--as=system:serviceaccount:kube-system:cronjob-controller';
    await expect(kubectl(['create', controller, '-f', '-'], JSON.stringify(job))).rejects.toThrow(
      /only the tier itself may create Jobs labelled/,
    );
  });
});

test('The free tier goes on with its own Jobs, and an administrator may make Jobs for a tier that runs elsewhere', async () => {
  const own = jobIn('free-service', await createJob(free, 'free-service', 'free'));
  expect(await tryOut(free.patch(own, { spec: { suspend: true } }))).toBe('done');
  expect(await tryOut(createJob(cluster, 'default', 'premium'))).toBe('done');
});

test.each([
  ['free', ['ml-job-mesh-premium', 'ml-job-mesh-services', 'system-cluster-critical']],
  ['premium', ['ml-job-mesh-free', 'ml-job-mesh-services', 'system-cluster-critical']],
])('The %s tier gives its Jobs no other priority than its own', async (tier, others) => {
  const [by, namespace] = tier === 'free' ? [free, 'free-service'] : [premium, 'premium-service'];
  const tryClass = (priorityClassName: string) =>
    tryOut(createJob(by, namespace, tier, { pod: { priorityClassName }, dryRun: true }));
  const refused = `403 the ${tier} tier may only create Jobs of the priority class ml-job-mesh-${tier}`;
  expect(await Promise.all(others.map(tryClass))).toEqual(others.map(() => refused));
  // No class is what a tier's Jobs have that is older than the classes, for as long as an update takes.
  expect(await Promise.all([`ml-job-mesh-${tier}`, ''].map(tryClass))).toEqual(['done', 'done']);
});

describe("In `default`, where Pod Security looks at nothing, the premium tier's Jobs get no further than its template:", () => {
  const containers = [container()];
  const tryPod = (pod: Partial<V1PodSpec>) => tryOut(createJob(premium, 'default', 'premium', { pod, dryRun: true }));

  test.each(refusedReach)('not to %s', async (_, pod, what) => {
    expect(await tryPod(pod)).toBe(`403 a tier's Jobs may have ${what}`.replace('may have not', 'may not'));
  });

  test.each(refusedRights)('not with %s', async (_, pod) => {
    expect(await tryPod(pod)).toBe(
      "403 the containers of a tier's Jobs need the securityContext of the tier's template, and may have no more rights than that",
    );
  });

  test('with an init container and a folder of their own, and the default account by name, they are created', async () => {
    const volumes = [{ name: 'scratch', emptyDir: {} }];
    const initContainers = [container({ name: 'first', env: [{ name: 'SEED', value: '1' }] })];
    expect(await tryPod({ containers, initContainers, volumes, serviceAccountName: 'default' })).toBe('done');
  });

  test('one that is older than these rules is ended and deleted as before', async () => {
    const pod = { containers: [container({ securityContext: undefined })], automountServiceAccountToken: undefined };
    const path = jobIn('default', await createJob(cluster, 'default', 'premium', { pod }));
    const ended = { metadata: annotate.metadata, spec: { suspend: false, activeDeadlineSeconds: 0 } };
    expect(await tryOut(premium.patch(path, ended))).toBe('done');
    expect(await tryOut(premium.delete(path, { propagationPolicy: 'Background' }))).toBe('done');
  });
});

describe("The labels of its Jobs' pods, by which networks and Services know them, a tier", () => {
  const refused = "403 the pods of a tier's Jobs may have the labels of the tier's template, and no others";
  test.each(refusedLabels)('chooses neither for a new Job nor for one that waits: %s', async (_, podLabels) => {
    expect(await tryOut(createJob(premium, 'default', 'premium', { podLabels, dryRun: true }))).toBe(refused);
    const path = jobIn('default', await createJob(premium, 'default', 'premium'));
    const change = changeLabels(podLabels);
    expect(await tryOut(premium.patch(path, change))).toBe(refused);
    // The API server itself would let it.
    expect(await tryOut(cluster.patch(path, change, { query: { dryRun: 'All' } }))).toBe('done');
  });

  test('cannot do without on a Job that is older than this rule; it is still resumed', async () => {
    const path = jobIn('default', await createJob(cluster, 'default', 'premium', { podLabels: { old: 'yes' } }));
    expect(await tryOut(premium.patch(path, annotate))).toBe('done');
    expect(await tryOut(premium.patch(path, { spec: { parallelism: 0, suspend: false } }))).toBe('done');
  });

  test('cannot use to take over pods that nobody owns', async () => {
    const spec = countsOthers;
    expect(await tryOut(createJob(premium, 'default', 'premium', { spec, dryRun: true }))).toBe(
      "403 a tier's Jobs may not choose the pods that they count (manualSelector)",
    );
    expect(await tryOut(createJob(somebody, 'default', undefined, { spec, dryRun: true }))).toBe('done');
  });
});
