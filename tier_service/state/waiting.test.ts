import { expect, test } from 'vitest';
import type { Pod } from './kubernetes-objects.ts';
import { explainPending } from './waiting.ts';

type Condition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

function pendingPod(nodeName: string | undefined, conditions: object[], waiting?: object): Pod {
  return {
    spec: { containers: [{ name: 'classify', image: 'an-image' }], ...(nodeName && { nodeName }) },
    status: {
      phase: 'Pending',
      conditions: conditions as Condition[],
      ...(waiting && { containerStatuses: [{ name: 'classify', state: { waiting } }] }),
    },
  } as Pod;
}

const unschedulable = (message: string) => [
  { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
];

test.each([
  ['0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No …', 'no_room'],
  ['0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.', 'no_room'],
  ['0/2 nodes are available: 2 node(s) were unschedulable. preemption: …', 'nodes_cordoned'],
  ['0/2 nodes are available: 1 node(s) had untolerated taint {a: b}, 1 node(s) were unschedulable.', 'no_node'],
  ['no nodes available to schedule pods', 'no_node'],
  ['0/2 nodes are available: 2 Too many pods.', 'no_room'],
])('the scheduler says: %s (%s)', (message, code) => {
  const reason = explainPending(pendingPod(undefined, unschedulable(message)));
  expect(reason?.code).toBe(code);
  expect(reason?.message).toContain(message.split(' preemption:')[0]);
  expect(reason?.message).not.toContain('preemption');
});

test.each([
  [undefined, 'container_creating', 'The node n1 pulls the image and prepares the container.'],
  [{ reason: 'ContainerCreating' }, 'container_creating', 'The node n1 pulls the image and prepares the container.'],
  [
    { reason: 'ImagePullBackOff', message: 'no such tag' },
    'image_not_found',
    'The image an-image cannot be pulled: no such tag',
  ],
  [{ reason: 'ErrImagePull' }, 'image_not_found', 'The image an-image cannot be pulled.'],
  [
    { reason: 'CreateContainerConfigError', message: 'no secret' },
    'start_error',
    'Its container cannot be started: no secret',
  ],
])('on its node, its container is %j: %s', (waiting, code, message) => {
  const scheduled = [{ type: 'PodScheduled', status: 'True' }];
  expect(explainPending(pendingPod('n1', scheduled, waiting))).toEqual({ code, message });
});

test('a pod that the scheduler has not seen says so, and one that runs gives no reason', () => {
  expect(explainPending(pendingPod(undefined, []))?.code).toBe('not_scheduled');
  expect(explainPending({ status: { phase: 'Running' } } as Pod)).toBeUndefined();
});
