// Whether autoscalers can have what they may ask for.
import type {
  KubernetesObject,
  V1Deployment,
  V1ResourceQuota,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { expect, test } from 'vitest';
import { containersOf, nameOf, ofKind, render, type Workload, workloadsIn } from './testing/render.ts';

const objects = await render('../base', ['autoscaling']);
const autoscalers = ofKind<V2HorizontalPodAutoscaler>(objects, 'HorizontalPodAutoscaler');

/** How many of a workload's pods may count at once: of two generations, since those that leave count until they are gone. */
function mostPods({ kind, metadata }: Workload): number {
  const scaled = autoscalers.find(
    ({ metadata: { namespace } = {}, spec }) =>
      namespace === metadata!.namespace && spec!.scaleTargetRef.name === metadata!.name,
  );
  if (scaled) return 2 * scaled.spec!.maxReplicas;
  // What nobody scales may be scaled by hand to as many; a Job's successor may be there before its predecessor is gone.
  return kind === 'Job' ? 2 : 2 * 3;
}

/** What all pods of a namespace ask for at most, of one of the things that its quota counts. */
function demand(namespace: string, what: string): number {
  const [field, resource = ''] = what.split('.');
  const ofOne = (workload: Workload) =>
    containersOf(workload).reduce(
      (sum, { resources }) => sum + scaledValue(resources![field as 'requests' | 'limits']![resource]!, -3),
      0,
    );
  const workloads = workloadsIn(objects).filter(({ metadata }) => metadata?.namespace === namespace);
  return workloads.reduce((sum, one) => sum + mostPods(one) * (what === 'pods' ? 1_000 : ofOne(one)), 0);
}

const quotas = ofKind<V1ResourceQuota>(objects, 'ResourceQuota').filter(
  ({ metadata }) => !metadata!.namespace!.endsWith('-service'),
);

test.each(quotas.map((quota) => [quota.metadata!.namespace!, quota] as const))(
  'The quota of %s has room for every replica that may be asked for, while it replaces as many, and for little more',
  (namespace, quota) => {
    const counted = Object.entries(quota.spec!.hard!).filter(([what]) => what !== 'persistentvolumeclaims');
    const shares = counted.map(([what, hard]) => ({ what, share: demand(namespace, what) / scaledValue(hard, -3) }));
    expect(shares.map(({ what }) => what).sort()).toEqual([
      'limits.cpu',
      'limits.memory',
      'pods',
      'requests.cpu',
      'requests.memory',
    ]);
    expect(shares.filter(({ share }) => share > 1 || share < 0.75)).toEqual([]);
  },
);

test('What is scaled asks for less than it may use, and applying the manifests again leaves the number of replicas alone', () => {
  const targets = autoscalers.map(({ metadata, spec }) => {
    const target = ofKind<V1Deployment>(objects, 'Deployment').find(
      (deployment) =>
        deployment.metadata!.name === spec!.scaleTargetRef.name &&
        deployment.metadata!.namespace === metadata!.namespace,
    )!;
    const limit = containersOf(target).reduce(
      (sum, { resources }) => sum + scaledValue(resources!.limits!.cpu!, -3),
      0,
    );
    const average = scaledValue(spec!.metrics![0]!.resource!.target.averageValue!, -3);
    return { name: target.metadata!.name, replicas: target.spec!.replicas, isReached: average <= 0.7 * limit };
  });
  expect(targets).toEqual(
    ['free-tier', 'ml-backend', 'ml-frontend', 'premium-tier', 'web-tier'].map((name) => ({
      name,
      replicas: undefined,
      isReached: true,
    })),
  );
});

test('Where there is no metrics server nothing is scaled', async () => {
  const scaledIn = async (overlay: string) =>
    ofKind<KubernetesObject>(await render(overlay), 'HorizontalPodAutoscaler').map(nameOf);
  expect(await Promise.all(['local', 'context', 'kind'].map(scaledIn))).toEqual([[], [], []]);
});
