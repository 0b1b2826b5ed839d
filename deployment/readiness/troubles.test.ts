import type { V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { findMountTroubles, findRefusals, findTroubles, watchTroubles } from './troubles.ts';

/** A pod on node-1 with one container that waits for this reason. */
function podWaiting(reason: string, image = 'localhost/ml-job-mesh/services:local', message?: string): V1Pod {
  const waiting = { reason, message };
  const container = { name: 'service', image, imageID: '', ready: false, restartCount: 0, state: { waiting } };
  return {
    metadata: { namespace: 'free-tier', name: 'free-tier-1' },
    spec: { nodeName: 'node-1', containers: [] },
    status: { containerStatuses: [container] },
  };
}

const unscheduled = (message: string): V1Pod => ({
  metadata: { namespace: 'ml-pipeline', name: 'train-1' },
  status: { conditions: [{ type: 'PodScheduled', status: 'False', message }] },
});

const loadThem =
  'Images whose names begin with localhost/ are in no registry: `npm run images -- --load kind` (or minikube) builds them ' +
  'and puts them on the nodes, and `npm run images -- --push REGISTRY` into a registry that nodes pull from';
const mayTheyPull = 'Is the name right, and may the nodes pull from that registry (imagePullSecrets)?';
const services = 'free-tier/free-tier-1: the image localhost/ml-job-mesh/services:local';
const envoy = 'free-tier/free-tier-1: the image envoyproxy/envoy:v1.40.0';

test.each([
  [podWaiting('ErrImagePull'), `${services} cannot be pulled on node-1. ${loadThem}`, 4_000],
  [podWaiting('ImagePullBackOff'), `${services} cannot be pulled on node-1. ${loadThem}`, 4_000],
  [podWaiting('ErrImageNeverPull'), `${services} is not there (ErrImageNeverPull) on node-1. ${loadThem}`, 4_000],
  [
    podWaiting('ErrImagePull', 'envoyproxy/envoy:v1.40.0'),
    `${envoy} cannot be pulled on node-1. ${mayTheyPull}`,
    60_000,
  ],
  [
    podWaiting('CreateContainerConfigError', 'any', 'secret "api-keys" not found'),
    'free-tier/free-tier-1: service cannot start: secret "api-keys" not found',
    20_000,
  ],
  [
    unscheduled('0/2 nodes are available: 2 Insufficient cpu.'),
    'ml-pipeline/train-1 is on no node: 0/2 nodes are available: 2 Insufficient cpu. Add nodes or free room ' +
      '(`kubectl describe nodes` shows what is taken); running this again waits on',
    240_000,
  ],
  [
    unscheduled('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims'),
    'ml-pipeline/train-1 is on no node: 0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. ' +
      'See `kubectl -n ml-pipeline describe pvc`; docs/deploy.md says which overlay has a volume for which cluster',
    90_000,
  ],
])('says what is in the way and what to do about it', (pod, message, patienceMs) => {
  expect(findTroubles([pod])).toEqual([{ message, patienceMs }]);
});

test('a pod that starts, or is on its way out, is no trouble', () => {
  const leaving = podWaiting('ErrImagePull');
  leaving.metadata!.deletionTimestamp = new Date();
  expect(findTroubles([podWaiting('ContainerCreating'), podWaiting('PodInitializing'), leaving])).toEqual([]);
});

test('says which volume a pod that has started nothing does not get', () => {
  const failed = (uid: string, message: string) => ({
    reason: 'FailedMount',
    message,
    involvedObject: { uid },
    metadata: {},
  });
  const events = [
    failed('1', 'MountVolume.SetUp failed for volume "api-keys" : secret "api-keys" not found'),
    failed('1', 'Unable to attach or mount volumes'),
    failed('2', 'of a pod that has got over it'),
  ];
  const waiting = podWaiting('ContainerCreating');
  waiting.metadata!.uid = '1';
  const running = podWaiting('ContainerCreating');
  running.metadata!.uid = '2';
  running.status!.containerStatuses![0]!.state = { running: {} };
  expect(findMountTroubles([waiting, running], events)).toEqual([
    {
      message:
        'free-tier/free-tier-1 cannot start: MountVolume.SetUp failed for volume "api-keys" : secret "api-keys" not found',
      patienceMs: 30_000,
    },
  ]);
});

test('says which quota refuses a Deployment its pods', () => {
  const message =
    'pods "web-1" is forbidden: exceeded quota: web-tier-quota, requested: pods=1, used: pods=4, limited: pods=4';
  const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
  const deployment = { metadata: { namespace: 'web-tier', name: 'web-tier' }, status: { conditions: [condition] } };
  expect(findRefusals([deployment])).toEqual([
    {
      message:
        `web-tier/web-tier gets no pod: ${message}. Raise that quota, or free some of it: ` +
        '`kubectl -n web-tier describe quota` shows what is used',
      patienceMs: 30_000,
    },
  ]);
});

test('gives up over a trouble that stays beyond its patience, and not over one that comes and goes', () => {
  let now = 0;
  const watch = watchTroubles(() => now);
  const trouble = { message: 'no image', patienceMs: 10_000 };
  const lookAt = (ms: number, found: boolean) => {
    now = ms;
    watch.check(found ? [trouble] : []);
  };
  lookAt(0, true);
  lookAt(9_000, true);
  lookAt(9_500, false);
  lookAt(12_000, true);
  lookAt(21_000, true);
  expect(() => lookAt(22_000, true)).toThrow(new Error('no image'));
});
