import { expect, test } from 'vitest';
import {
  arrangePods,
  arrangeQuotas,
  clusterEvents,
  describeUse,
  formatCpu,
  formatMemory,
  jobOfPod,
  type NodeView,
  type PodView,
} from './cluster-state.ts';

const room = { cpu_millis: 2_000, memory_bytes: 4e9, ready: true, schedulable: true, problems: [] };
const nodes: NodeView[] = [
  { name: 'node-1', ...room },
  { name: 'node-2', ...room },
];

function pod(node: string | null, namespace: string, name: string | null, tier: string | null = null): PodView {
  return { node, namespace, name, status: 'Running', tier, cpu_millis: 20, memory_bytes: 100 };
}

test('pods are on their nodes by namespace, those with jobs first, and what has no node yet is apart', () => {
  const pods = [
    pod('node-1', 'kube-system', 'dns'),
    pod('node-1', 'free-service', 'job', 'free'),
    pod('node-1', 'free-service', null, 'free'),
    pod(null, 'premium-service', 'waiting', 'premium'),
    pod('gone', 'web-tier', 'lost'),
  ];
  const { nodes: arranged, unplaced } = arrangePods({ nodes, pods, quotas: [], ended_pods: 0 });
  expect(arranged).toEqual([
    {
      node: nodes[0],
      groups: [
        { namespace: 'free-service', pods: [pods[1], pods[2]] },
        { namespace: 'kube-system', pods: [pods[0]] },
      ],
      cpuMillis: 60,
      memoryBytes: 300,
    },
    { node: nodes[1], groups: [], cpuMillis: 0, memoryBytes: 0 },
  ]);
  expect(unplaced.map(({ namespace }) => namespace)).toEqual(['premium-service', 'web-tier']);
});

test('each event is the whole cluster; what may be out of date says so until the next', () => {
  const event = (name: string, data: unknown) => ({ event: name, data: JSON.stringify(data), lastEventId: '' });
  const view = { nodes, pods: [], quotas: [], ended_pods: 0 };
  const stale = { title: 'The service is not ready', detail: 'the watch on the nodes is broken' };
  expect(clusterEvents.reduce(undefined, event('stale', stale))).toBeUndefined();
  const known = clusterEvents.reduce(undefined, event('cluster', view));
  expect(known).toEqual({ ...view, stale: undefined });
  const late = clusterEvents.reduce(known, event('stale', stale));
  expect(late).toEqual({ ...view, stale });
  expect(clusterEvents.reduce(late, event('cluster', view))).toEqual({ ...view, stale: undefined });
});

test('quotas of jobs are apart from the others, and what is not allowed at all is named in a word', () => {
  const line = (namespace: string, resource: string, share: number | null) => ({
    ...{ namespace, name: 'quota', resource, used: '0', hard: share === null ? '0' : '2', share },
  });
  const quotas = [
    line('free-tier', 'limits.cpu', 0.5),
    line('premium-service', 'services', null),
    line('free-service', 'requests.cpu', 0.9),
  ];
  expect(arrangeQuotas(quotas)).toEqual({
    ofJobs: [
      { namespace: 'free-service', rows: [quotas[2]], none: [] },
      { namespace: 'premium-service', rows: [], none: ['services'] },
    ],
    others: [{ namespace: 'free-tier', rows: [quotas[0]], none: [] }],
  });
});

test('amounts have their units', () => {
  expect([5, 900, 1_930, 2_000].map(formatCpu)).toEqual(['0.005 CPU', '0.9 CPU', '1.93 CPU', '2 CPU']);
  expect([100 * 2 ** 20, 1.5 * 2 ** 30].map(formatMemory)).toEqual(['100 MiB', '1.5 GiB']);
});

test('a job is known by the name of its pod', () => {
  const name = 'free-job-template-hmfqevzs4fs36enitm6a6kb2nt';
  expect(jobOfPod(pod('node-1', 'free-service', `${name}-x7k2p`, 'free'))).toBe(name);
  expect(jobOfPod(pod('node-1', 'free-service', null, 'free'))).toBeUndefined();
  expect(jobOfPod(pod('node-1', 'free-tier', 'free-tier-8697f9cbfd-66cdp'))).toBeUndefined();
});

test.each([
  ['requests.cpu', '1800m', '2', '1.8 of 2 CPU'],
  ['limits.cpu', '0', '2', '0 of 2 CPU'],
  ['requests.memory', '640Mi', '4Gi', '640 MiB of 4 GiB'],
  ['pods', '3', '20', '3 of 20'],
])('of %s, %s used of %s read as "%s"', (resource, used, hard, expected) => {
  expect(describeUse({ resource, used, hard })).toBe(expected);
});
