import { expect, test } from 'vitest';
import { viewCluster } from './cluster-view.ts';
import { keepOfNode, type WatchedNode } from './watched-node.ts';
import { keepOfPod, type WatchedPod } from './watched-pod.ts';

const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
const roomy = { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'enough' };

function node(name: string, conditions: object[] = [roomy, ready], spec = {}): WatchedNode {
  const allocatable = { cpu: '1930m', memory: '3388360Ki', pods: '17' };
  return keepOfNode({ metadata: { name }, spec, status: { allocatable, conditions } } as WatchedNode);
}

function pod(name: string, where: object, containers: object[], rest: object = {}): WatchedPod {
  return keepOfPod({
    metadata: { namespace: 'free-service', name, ...rest },
    spec: { containers, ...where },
    status: { phase: 'Running' },
  } as WatchedPod);
}

const asks = (cpu: string, memory: string) => ({ name: 'a', resources: { requests: { cpu, memory } } });
const nothing = { nodes: [], pods: [], quotas: [] };
const all = () => true;

test('a node says what pods may ask of it, whether it is ready and takes pods, and what is wrong with it', () => {
  const silent = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting.' };
  const full = { type: 'DiskPressure', status: 'True', reason: 'KubeletHasDiskPressure', message: 'disk is full' };
  const nodes = [node('node-3', []), node('node-2', [full, silent], { unschedulable: true }), node('node-1')];
  const room = { cpu_millis: 1_930, memory_bytes: 3_388_360 * 1_024 };
  expect(viewCluster({ ...nothing, nodes }, all).nodes).toEqual([
    { name: 'node-1', ...room, ready: true, schedulable: true, problems: [] },
    {
      ...{ name: 'node-2', ...room, ready: false, schedulable: false },
      problems: [
        { condition: 'DiskPressure', reason: 'KubeletHasDiskPressure', message: 'disk is full' },
        { condition: 'Ready', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting.' },
      ],
    },
    {
      ...{ name: 'node-3', ...room, ready: false, schedulable: true },
      problems: [{ condition: 'Ready', reason: 'NodeStatusNeverUpdated', message: 'The node has said nothing yet.' }],
    },
  ]);
});

test('a pod says where it is, whose it is, and what its containers and sidecars ask for; those that have ended are counted', () => {
  const labels = { 'ml-job-mesh.io/tier': 'free' };
  const ended = pod('ended', {}, []);
  ended.status!.phase = 'Succeeded';
  const sidecar = { ...asks('100m', '64Mi'), restartPolicy: 'Always' };
  const pods = [
    pod('tier', { nodeName: 'node-2', initContainers: [sidecar] }, [asks('20m', '128Mi')]),
    ended,
    pod('job', { nodeName: 'node-1' }, [asks('900m', '1Gi')], { labels }),
    pod('not-placed', {}, [{ name: 'a' }]),
  ];
  const view = viewCluster({ ...nothing, pods }, ({ metadata }) => metadata?.name !== 'job');
  const common = { namespace: 'free-service', status: 'Running' };
  expect(view).toEqual({
    ...{ nodes: [], quotas: [], ended_pods: 1 },
    pods: [
      { ...common, node: null, name: 'not-placed', tier: null, cpu_millis: 0, memory_bytes: 0 },
      { ...common, node: 'node-1', name: null, tier: 'free', cpu_millis: 900, memory_bytes: 1_024 ** 3 },
      { ...common, node: 'node-2', name: 'tier', tier: null, cpu_millis: 120, memory_bytes: 192 * 1_024 ** 2 },
    ],
  });
});

test('a quota says how much of each resource is used, and gives no share of nothing', () => {
  const hard = { 'requests.cpu': '2', services: '0', 'limits.memory': '3Gi' };
  const used = { 'requests.cpu': '900m', 'limits.memory': '3Gi' };
  const quotas = [
    { metadata: { namespace: 'b', name: 'young' }, spec: { hard } },
    { metadata: { namespace: 'a', name: 'q' }, status: { hard, used } },
  ];
  const common = { namespace: 'a', name: 'q' };
  expect(viewCluster({ ...nothing, quotas }, all).quotas).toEqual([
    { ...common, resource: 'limits.memory', used: '3Gi', hard: '3Gi', share: 1 },
    { ...common, resource: 'requests.cpu', used: '900m', hard: '2', share: 0.45 },
    { ...common, resource: 'services', used: '0', hard: '0', share: null },
  ]);
});
