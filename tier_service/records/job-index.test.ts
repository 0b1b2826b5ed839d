import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { annotation } from '../state/annotations.ts';
import { hasEnded, type JobStatus, rankOf } from '../state/job-status.ts';
import type { Job, Pod } from '../state/kubernetes-objects.ts';
import { createJobIndex } from './job-index.ts';
import { createStampClock } from './stamp-clock.ts';

const namespace = 'free-service';
const created = '2026-11-21T03:00:00Z';

interface JobSketch {
  name?: string;
  uid?: string;
  accepted?: number;
  suspend?: boolean;
  annotations?: Record<string, string>;
  condition?: string;
}

function job({
  name = 'a',
  uid = 'job-1',
  accepted = 1,
  suspend = true,
  annotations = {},
  condition,
}: JobSketch = {}): Job {
  return {
    metadata: {
      ...{ name, namespace, uid, creationTimestamp: created },
      annotations: { [annotation.accepted]: String(accepted).padStart(16, '0'), ...annotations },
    },
    spec: { suspend, template: { spec: { containers: [{ name: 'classify' }] } } },
    ...(condition && { status: { conditions: [{ type: condition, status: 'True', lastTransitionTime: created }] } }),
  };
}

function pod(phase: string, { name = 'a', uid = 'pod-1', deleted = false } = {}): Pod {
  return {
    metadata: {
      ...{ name: `${name}-pod`, namespace, uid, labels: { 'batch.kubernetes.io/job-name': name } },
      ...(deleted && { deletionTimestamp: created }),
    },
    status: { phase },
  };
}

const newIndex = () => createJobIndex(freeTier, createStampClock());

test('jobs wait in the order of their stamps, whatever the order in which they are seen', () => {
  const index = newIndex();
  for (const accepted of [3, 1, 2])
    index.applyJob('added', job({ name: `j${accepted}`, uid: `${accepted}`, accepted }));
  expect(index.queue.map(({ id }) => id)).toEqual(['j1', 'j2', 'j3']);
  expect(index.queue.map((record) => index.queuePosition(record))).toEqual([1, 2, 3]);
  index.applyJob('modified', job({ name: 'j1', uid: '1', suspend: false }));
  expect(index.queuePosition(index.get('j2')!)).toBe(1);
  expect(index.queuePosition(index.get('j1')!)).toBeNull();
});

test('a pod that is seen before its Job is not forgotten', () => {
  const index = newIndex();
  index.applyPod('added', pod('Running'));
  index.applyJob('added', job({ suspend: false }));
  expect(index.get('a')!.state.status).toBe('running');
  expect(index.counts).toMatchObject({ starting: 0, running: 1 });
});

test('a Job that was deleted and made again under its name is another job', () => {
  const index = newIndex();
  index.applyJob('added', job({ condition: 'Complete', suspend: false }));
  index.applyJob('modified', job({ uid: 'job-2' }));
  expect(index.get('a')).toMatchObject({ uid: 'job-2', state: { status: 'queued' } });
  index.applyJob('deleted', job());
  expect(index.ordered).toHaveLength(1);
  index.applyJob('deleted', job({ uid: 'job-2' }));
  expect([index.ordered.length, index.queue.length, index.unfinished()]).toEqual([0, 0, 0]);
});

test('the stamps that are seen push the clock, so that the next job comes last', () => {
  const clock = createStampClock(() => 0);
  const index = createJobIndex(freeTier, clock);
  index.applyJob('added', job({ accepted: 5_000 }));
  expect(Number(clock.next())).toBe(5_001);
});

type Event =
  | { kind: 'job'; type: 'added' | 'modified'; sketch: JobSketch }
  | { kind: 'pod'; type: 'added' | 'modified' | 'deleted'; phase: string; uid: string; deleted: boolean };

const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('job' as const),
    type: fc.constantFrom('added' as const, 'modified' as const),
    sketch: fc.record({
      suspend: fc.boolean(),
      condition: fc.constantFrom('', 'SuccessCriteriaMet', 'Complete', 'FailureTarget', 'Failed', 'Suspended'),
      annotations: fc.constantFrom(
        {},
        { [annotation.admitted]: created },
        { [annotation.cancelled]: created },
        { [annotation.outcome]: '{"status":"succeeded"}' },
        { [annotation.outcome]: 'not JSON' },
      ),
    }),
  }),
  fc.record({
    kind: fc.constant('pod' as const),
    type: fc.constantFrom('added' as const, 'modified' as const, 'deleted' as const),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
    uid: fc.constantFrom('pod-1', 'pod-2'),
    deleted: fc.boolean(),
  }),
);

test('any sequence of Job and pod events gives a status that only moves forward, and books that add up', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 25 }), (sequence) => {
      const index = newIndex();
      const told: JobStatus[] = [];
      index.onChange(({ state }) => told.push(state.status));
      for (const event of sequence) {
        if (event.kind === 'job') index.applyJob(event.type, job(event.sketch));
        else index.applyPod(event.type, pod(event.phase, event));
        const sum = Object.values(index.counts).reduce((total, count) => total + count, 0);
        expect(sum).toBe(index.ordered.length);
        expect(index.queue.length).toBe(index.counts.queued);
        expect(index.finished.length).toBe(index.counts.succeeded + index.counts.failed + index.counts.cancelled);
      }
      const ranks = told.map(rankOf);
      expect(ranks).toEqual([...ranks].sort((left, right) => left - right));
      const ends = told.filter(hasEnded);
      expect(new Set(ends).size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2_000 },
  );
});
