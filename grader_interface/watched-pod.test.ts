import { expect, test } from 'vitest';
import { keepOfPod, newestSucceededPod, type WatchedPod } from './watched-pod.ts';

interface Facts {
  namespace?: string;
  phase?: string;
  created?: string;
  finished?: string;
  version?: string;
}

function pod(name: string, facts: Facts = {}): WatchedPod {
  const {
    namespace = 'free-service',
    phase = 'Succeeded',
    created = '10:00:00',
    finished = '10:00:30',
    version = '1',
  } = facts;
  const creationTimestamp = `2026-01-01T${created}Z` as unknown as Date;
  return {
    metadata: { name, namespace, creationTimestamp, resourceVersion: version },
    spec: { nodeName: 'node-1', containers: [{ name: 'job' }] },
    status: {
      phase,
      podIP: '10.244.1.2',
      containerStatuses: [{ state: { terminated: { finishedAt: `2026-01-01T${finished}Z` } } }],
    },
  };
}

function newest(...pods: WatchedPod[]): string | undefined {
  return newestSucceededPod(pods, 'free-service', 'free-job-template')?.metadata?.name;
}

test('of several pods that succeeded, the one created last is the newest, whatever their order', () => {
  const old = pod('free-job-template-z', { created: '10:00:00', finished: '10:09:00' });
  const late = pod('free-job-template-a', { created: '10:00:05' });
  expect(newest(old, late)).toBe('free-job-template-a');
  expect(newest(late, old)).toBe('free-job-template-a');
});

test('within one second of creation the end decides, and within one second of both the resource version', () => {
  const first = pod('free-job-template-1', { finished: '10:00:20', version: '1000' });
  const second = pod('free-job-template-2', { finished: '10:00:21', version: '998' });
  const third = pod('free-job-template-3', { finished: '10:00:21', version: '1001' });
  expect(newest(second, first)).toBe('free-job-template-2');
  expect(newest(third, second, first)).toBe('free-job-template-3');
});

test('pods of other phases, namespaces and names are passed over', () => {
  expect(
    newest(
      pod('free-job-template-running', { phase: 'Running' }),
      pod('free-job-template-failed', { phase: 'Failed' }),
      pod('free-job-template-elsewhere', { namespace: 'default' }),
      pod('premium-job-template-x'),
    ),
  ).toBeUndefined();
});

test('what is kept of a pod is enough to find it again', () => {
  const full = { ...pod('free-job-template-1'), apiVersion: 'v1', kind: 'Pod' };
  const kept = keepOfPod({
    ...full,
    spec: { ...full.spec!, containers: [{ name: 'job', image: 'x' } as { name: string }] },
  });
  const { spec, ...rest } = pod('free-job-template-1');
  expect(kept).toEqual({ ...rest, spec: { ...spec, cpuMillis: 0, memoryBytes: 0 } });
});

test('a pod that has hardly begun to exist is kept as well', () => {
  const kept = keepOfPod({ metadata: { name: 'a', namespace: 'b' } });
  expect(JSON.parse(JSON.stringify(kept))).toEqual({
    metadata: { name: 'a', namespace: 'b' },
    spec: { containers: [], cpuMillis: 0, memoryBytes: 0 },
    status: {},
  });
});
