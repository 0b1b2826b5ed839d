import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createJobIndex } from '../records/job-index.ts';
import { annotation } from '../state/annotations.ts';
import type { KnownJob } from '../state/kubernetes-objects.ts';
import { createEventHub } from './event-hub.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function waitingJob(accepted: number): KnownJob {
  const name = `job-${accepted}`;
  const annotations = { [annotation.accepted]: String(accepted) };
  const metadata = { name, namespace: 'n', uid: name, creationTimestamp: '2026-11-21T03:00:00Z', annotations };
  return { metadata, spec: { suspend: true, template: {} } };
}

function startHub() {
  const index = createJobIndex();
  for (const accepted of [1, 2, 3]) index.applyJob('added', waitingJob(accepted));
  const hub = createEventHub(index, { positionMs: 1_000 });
  const told: (number | null)[] = [];
  const record = index.get('job-3')!;
  const listener = {
    onChange: (_: unknown, change: string) => void (change === 'waiting' && told.push(index.queuePosition(record))),
    onHeartbeat: () => undefined,
    onClose: () => undefined,
  };
  return { index, told, stop: hub.close, subscribe: () => hub.subscribe(record, listener) };
}

test('a position that changes before the first tick is told at that tick, once', () => {
  const { index, told, subscribe, stop } = startHub();
  subscribe();
  index.applyJob('deleted', waitingJob(1));
  vi.advanceTimersByTime(3_000);
  expect(told).toEqual([2]);
  stop();
});

test('a position that does not change is not told', () => {
  const { told, subscribe, stop } = startHub();
  subscribe();
  vi.advanceTimersByTime(3_000);
  expect(told).toEqual([]);
  stop();
});

test('positions that change fast are told once a tick, as they are then', () => {
  const { index, told, subscribe, stop } = startHub();
  subscribe();
  index.applyJob('deleted', waitingJob(1));
  index.applyJob('deleted', waitingJob(2));
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([1]);
  stop();
});

test('whoever comes after the hub was closed is sent away at once, and is not kept', () => {
  const index = createJobIndex();
  index.applyJob('added', waitingJob(1));
  const hub = createEventHub(index);
  hub.close();
  let closed = 0;
  const nothing = () => undefined;
  const unsubscribe = hub.subscribe(index.get('job-1')!, {
    ...{ onChange: nothing, onHeartbeat: nothing },
    onClose: () => void closed++,
  });
  expect([closed, hub.size()]).toEqual([1, 0]);
  unsubscribe();
});
