import fc from 'fast-check';
import { expect, test } from 'vitest';
import { annotation } from '../state/annotations.ts';
import { deriveJobState, saysEnd } from '../state/job-state.ts';
import { hasEnded, type JobStatus, rankOf } from '../state/job-status.ts';
import { controllerUidOf, type KnownJob, type Pod } from '../state/kubernetes-objects.ts';
import { createJobIndex, type JobIndex } from './job-index.ts';
import { endKey } from './job-record.ts';

const namespace = 'free-service';
const created = '2026-11-21T03:00:00Z';

interface JobSketch {
  name?: string;
  uid?: string;
  accepted?: number;
  suspend?: boolean;
  annotations?: Record<string, string>;
  condition?: string;
  endedAt?: string;
  deletionTimestamp?: string;
}

function job(sketch: JobSketch = {}): KnownJob {
  const { name = 'a', uid = 'job-1', accepted = 1, suspend = true, annotations = {} } = sketch;
  const { condition, endedAt = created, deletionTimestamp } = sketch;
  return {
    metadata: {
      ...{ name, namespace, uid, creationTimestamp: created, ...(deletionTimestamp && { deletionTimestamp }) },
      annotations: { [annotation.accepted]: String(accepted).padStart(16, '0'), ...annotations },
    },
    spec: { suspend, template: { spec: { containers: [{ name: 'classify' }] } } },
    ...(condition && {
      status: { conditions: [{ type: condition, status: 'True', ...(endedAt && { lastTransitionTime: endedAt }) }] },
    }),
  };
}

interface PodSketch {
  uid?: string;
  /** The uid of its Job. */
  of?: string;
  deleted?: boolean;
}

function pod(phase: string, { uid = 'pod-1', of = 'job-1', deleted = false }: PodSketch = {}): Pod {
  return {
    metadata: {
      ...{ name: 'a-pod', namespace, uid, creationTimestamp: created },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'a', uid: of, controller: true }],
      ...(deleted && { deletionTimestamp: created }),
    },
    status: { phase },
  };
}

test('jobs wait in the order of their stamps, whatever the order in which they are seen', () => {
  const index = createJobIndex();
  for (const accepted of [3, 1, 2])
    index.applyJob('added', job({ name: `j${accepted}`, uid: `${accepted}`, accepted }));
  expect(index.queue.map(({ id }) => id)).toEqual(['j1', 'j2', 'j3']);
  expect(index.queue.map((record) => index.queuePosition(record))).toEqual([1, 2, 3]);
  index.applyJob('modified', job({ name: 'j1', uid: '1', suspend: false }));
  expect(index.queuePosition(index.get('j2')!)).toBe(1);
  expect(index.queuePosition(index.get('j1')!)).toBeNull();
});

test('jobs have ended in the order in which they did, whatever the order in which they were accepted', () => {
  const index = createJobIndex();
  const endedAt: Record<string, string> = { a: '2026-11-21T03:00:09Z', b: '2026-11-21T03:00:01Z' };
  for (const [at, name] of ['a', 'b', 'c'].entries()) {
    const sketch = { name, uid: name, accepted: at + 1, suspend: false };
    index.applyJob('added', job(sketch));
    const ending = endedAt[name]
      ? { condition: 'Complete', endedAt: endedAt[name] }
      : { condition: 'Failed', endedAt: '' };
    index.applyJob('modified', job({ ...sketch, ...ending }));
  }
  expect(index.finished.map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  index.applyJob(
    'modified',
    job({ name: 'c', uid: 'c', accepted: 3, condition: 'Failed', endedAt: '2026-11-21T03:00:05Z' }),
  );
  expect(index.finished.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
});

test('a pod that is seen before its Job is not forgotten', () => {
  const index = createJobIndex();
  index.applyPod('added', pod('Running'));
  index.applyJob('added', job({ suspend: false }));
  expect(index.get('a')!.state.status).toBe('running');
  expect(index.counts).toMatchObject({ starting: 0, running: 1 });
});

test('a Job that was deleted and made again under its name is another job', () => {
  const index = createJobIndex();
  index.applyJob('added', job({ condition: 'Complete', suspend: false }));
  index.applyJob('modified', job({ uid: 'job-2' }));
  expect(index.get('a')).toMatchObject({ uid: 'job-2', state: { status: 'queued' } });
  index.applyJob('deleted', job());
  expect(index.ordered).toHaveLength(1);
  index.applyJob('deleted', job({ uid: 'job-2' }));
  expect([index.ordered.length, index.queue.length, index.unfinished()]).toEqual([0, 0, 0]);
});

test('a Job made again while its predecessor’s pod is still there has nothing to do with that pod', () => {
  const index = createJobIndex();
  index.applyJob('added', job({ suspend: false }));
  index.applyPod('added', pod('Running'));
  index.applyJob('deleted', job({ suspend: false }));
  index.applyPod('modified', pod('Running', { deleted: true }));
  index.applyJob('added', job({ uid: 'job-2' }));
  expect(index.get('a')).toMatchObject({ uid: 'job-2', pod: undefined, state: { status: 'queued' } });
  index.applyPod('modified', pod('Succeeded', { deleted: true }));
  index.applyPod('deleted', pod('Succeeded', { deleted: true }));
  expect(index.get('a')).toMatchObject({ uid: 'job-2', pod: undefined, state: { status: 'queued' } });
});

test('a job whose Job is suspended by hand waits again in its old place, and the pod that it had no longer counts', () => {
  const index = createJobIndex();
  index.applyJob('added', job({ suspend: false }));
  index.applyPod('added', pod('Running'));
  index.setProgress(index.get('a')!, { epoch: 1, epochs: 5, step: 100, steps: 600, loss: 0.5 }, 100);
  index.applyJob('added', job({ name: 'b', uid: 'job-b', accepted: 2 }));
  index.applyJob('modified', job());
  index.applyPod('modified', pod('Running', { deleted: true }));
  expect(index.queue.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(index.get('a')).toMatchObject({ pod: undefined, progress: null, progressLine: 0, state: { startedAt: null } });
  index.applyJob('modified', job({ suspend: false }));
  index.applyPod('modified', pod('Failed', { deleted: true }));
  expect(index.get('a')).toMatchObject({ pod: undefined, state: { status: 'starting' } });
  index.applyPod('added', pod('Running', { uid: 'pod-2' }));
  index.applyPod('deleted', pod('Failed', { deleted: true }));
  expect(index.get('a')).toMatchObject({ pod: { metadata: { uid: 'pod-2' } }, state: { status: 'running' } });
});

test('a pod that is seen before its Job’s resumption makes the job start, and stays its pod', () => {
  const index = createJobIndex();
  index.applyJob('added', job());
  index.applyPod('added', pod('Pending'));
  expect(index.get('a')!.state.status).toBe('starting');
  index.applyJob('modified', job({ suspend: false }));
  expect(index.get('a')!.pod).toBeDefined();
});

test('two indexes that saw different ends agree once the Job says which it was', () => {
  const [one, other] = [createJobIndex(), createJobIndex()];
  for (const index of [one, other]) index.applyJob('added', job({ suspend: false }));
  one.applyPod('added', pod('Succeeded'));
  other.applyJob('modified', job({ suspend: false, condition: 'Failed' }));
  const statuses = () => [one, other].map((index) => [index.get('a')!.state.status, index.finished.length]);
  expect(statuses()).toEqual([
    ['succeeded', 1],
    ['failed', 1],
  ]);
  const annotations = { [annotation.cancelled]: created };
  for (const index of [one, other])
    index.applyJob('modified', job({ suspend: false, condition: 'Failed', annotations }));
  expect(statuses()).toEqual([
    ['cancelled', 1],
    ['cancelled', 1],
  ]);
  expect([one.counts, other.counts].map(({ succeeded, failed }) => succeeded + failed)).toEqual([0, 0]);
});

test('a Job that is being deleted is gone, and one that no tier made is none', () => {
  const index = createJobIndex();
  index.applyJob('added', job({ suspend: false }));
  index.applyJob('modified', job({ suspend: false, deletionTimestamp: created }));
  index.applyJob('added', { ...job(), metadata: { ...job({ name: 'foreign' }).metadata!, annotations: {} } });
  index.applyJob('added', job({ name: 'b', uid: 'job-b' }));
  index.applyJob('added', {
    ...job(),
    metadata: { ...job({ name: 'b', uid: 'copy' }).metadata!, namespace: 'elsewhere' },
  });
  expect(index.ordered.map(({ id, uid }) => [id, uid])).toEqual([['b', 'job-b']]);
});

type EventType = 'added' | 'modified' | 'deleted';
type Event =
  | { kind: 'job'; type: EventType; sketch: JobSketch }
  | { kind: 'pod'; type: EventType; phase: string; sketch: PodSketch };

const jobUid = fc.constantFrom('job-1', 'job-2');
const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('job' as const),
    type: fc.constantFrom<EventType>('added', 'modified', 'modified', 'deleted'),
    sketch: fc.record({
      uid: jobUid,
      suspend: fc.boolean(),
      condition: fc.constantFrom('', 'SuccessCriteriaMet', 'Complete', 'FailureTarget', 'Failed', 'Suspended'),
      endedAt: fc.constantFrom(created, '2026-11-21T02:00:00Z', ''),
      annotations: fc.constantFrom(
        {},
        { [annotation.admitted]: created },
        { [annotation.cancelled]: created },
        { [annotation.outcome]: '{"status":"succeeded"}' },
        { [annotation.outcome]: '{"status":"failed"}' },
        { [annotation.outcome]: 'not JSON' },
      ),
    }),
  }),
  fc.record({
    kind: fc.constant('pod' as const),
    type: fc.constantFrom<EventType>('added', 'modified', 'deleted'),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
    sketch: fc.record({ uid: fc.constantFrom('pod-1', 'pod-2'), of: jobUid, deleted: fc.boolean() }),
  }),
);

/** Pods of two Jobs are never the same pod. */
const apply = (index: JobIndex, event: Event) => {
  if (event.kind === 'job') index.applyJob(event.type, job(event.sketch));
  else index.applyPod(event.type, pod(event.phase, { ...event.sketch, uid: `${event.sketch.of}.${event.sketch.uid}` }));
};

test('any sequence of Job and pod events keeps Jobs and their pods apart, moves forward, and gives books that add up', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 25 }), (sequence) => {
      const index = createJobIndex();
      const told = new Map<string, JobStatus>();
      index.onChange(({ uid, state, job: { spec }, wasResumed }, change) => {
        const before = told.get(uid);
        if (change === 'removed') return void told.delete(uid);
        told.set(uid, state.status);
        if (before === undefined || rankOf(state.status) >= rankOf(before)) return;
        // Only a Job that was suspended again goes back, and only before its end.
        expect([spec?.suspend, wasResumed, state.status, hasEnded(before)]).toEqual([true, true, 'queued', false]);
      });
      for (const event of sequence) {
        const ended = new Map([...told].filter(([, status]) => hasEnded(status)));
        apply(index, event);
        for (const [uid, status] of ended) {
          // An end is final, unless the Job itself says another.
          const record = index.ordered.find((each) => each.uid === uid);
          const expected = record && saysEnd(record.job) ? deriveJobState(record.job).status : status;
          expect(told.get(uid) ?? expected).toBe(expected);
        }
        const sum = Object.values(index.counts).reduce((total, count) => total + count, 0);
        expect(sum).toBe(index.ordered.length);
        expect(index.queue.length).toBe(index.counts.queued);
        expect(index.finished.length).toBe(index.counts.succeeded + index.counts.failed + index.counts.cancelled);
        for (const record of index.ordered)
          expect([undefined, record.uid]).toContain(record.pod && controllerUidOf(record.pod));
        const ends = index.finished.map(endKey);
        expect(ends).toEqual([...ends].sort());
      }
    }),
    { numRuns: 3_000 },
  );
});
