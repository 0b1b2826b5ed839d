import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createJobIndex } from '../records/job-index.ts';
import { annotation } from '../state/annotations.ts';
import type { KnownJob, Pod, ResourceQuota } from '../state/kubernetes-objects.ts';
import { podAmounts } from './resources.ts';
import { startSlotFills } from './slot-fills.ts';

type ChangeType = 'added' | 'modified' | 'deleted';

const namespace = 'free-service';
const created = '2026-11-21T03:00:00Z';
const podSpec = { containers: [{ name: 'classify', resources: { requests: { cpu: '900m' } } }] };
const seconds = (count: number) => vi.advanceTimersByTime(count * 1_000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watch that the test plays. */
function playWatch<T>() {
  const objects = new Map<string, T>();
  const listeners = new Set<(type: ChangeType, object: T) => void>();
  return {
    values: () => objects.values(),
    hasSynced: () => true,
    on(_: 'change', listener: (type: ChangeType, object: T) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(name: string, object: T): void {
      const type = objects.has(name) ? 'modified' : 'added';
      objects.set(name, object);
      for (const listener of listeners) listener(type, object);
    },
  };
}

/** A tier with room for two jobs, unless the quota is given another size. */
function startFills() {
  const index = createJobIndex();
  const pods = playWatch<Pod>();
  const quotas = playWatch<ResourceQuota>();
  const fills: number[] = [];
  pods.on('change', index.applyPod);
  const setQuota = (cpu: string) => quotas.put('quota', { spec: { hard: { 'requests.cpu': cpu } } });
  setQuota('2');
  const ask = podAmounts(podSpec);
  startSlotFills({ index, pods, quotas, ask, now: Date.now, onFilled: (filled) => fills.push(filled) });
  const job = (name: string, suspend: boolean): KnownJob => ({
    metadata: { name, namespace, uid: name, creationTimestamp: created, annotations: { [annotation.accepted]: name } },
    spec: { suspend, template: { spec: podSpec } },
  });
  return {
    fills,
    setQuota,
    queue: (name: string) => index.applyJob('added', job(name, true)),
    start(name: string, pod = name): void {
      index.applyJob('modified', job(name, false));
      putPod(name, 'Pending', pod);
    },
    end: (name: string) => putPod(name, 'Succeeded'),
  };

  function putPod(job: string, phase: string, pod = job): void {
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: job, uid: job, controller: true }];
    pods.put(pod, { metadata: { name: pod, namespace, uid: pod, ownerReferences }, spec: podSpec, status: { phase } });
  }
}

test('a job that finds a free slot fills it after as long as it has waited itself', () => {
  const { fills, queue, start } = startFills();
  seconds(100);
  queue('a');
  seconds(0.5);
  start('a');
  expect(fills).toEqual([0.5]);
});

test('a job that has waited for a slot fills it as long after as the slot has been free', () => {
  const { fills, queue, start, end } = startFills();
  for (const name of ['a', 'b', 'c', 'd']) queue(name);
  start('a');
  start('b');
  seconds(600);
  end('a');
  seconds(2);
  end('b');
  seconds(1);
  start('c');
  start('d');
  expect(fills).toEqual([0, 0, 3, 1]);
});

test('a slot that a larger quota adds is free from then on', () => {
  const { fills, queue, start, setQuota } = startFills();
  for (const name of ['a', 'b', 'c']) queue(name);
  start('a');
  start('b');
  seconds(600);
  setQuota('3');
  seconds(4);
  start('c');
  expect(fills).toEqual([0, 0, 4]);
});

test("what is not in the queue, another's pod or a second pod of the same job, fills no slot", () => {
  const { fills, queue, start } = startFills();
  start('foreign');
  queue('a');
  start('a');
  seconds(1);
  start('a', 'again');
  expect(fills).toEqual([0]);
});
