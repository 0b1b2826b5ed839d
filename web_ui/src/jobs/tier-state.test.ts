import { expect, test } from 'vitest';
import { someJob } from './testing/some-job.ts';
import { type Job, type Queue, reduceTier, type TierState, withJob } from './tier-state.ts';

const queue: Queue = { running: 0, waiting: 0, limit: 2, waiting_reason: null, recent_waits_seconds: [] };
const event = (name: string, data: unknown) => ({ event: name, data: JSON.stringify(data), lastEventId: '' });
const progress = (step: number) => ({ epoch: 1, epochs: 5, step, steps: 600, loss: 0.5 });

/** The state after these events, one a second. */
function follow(events: ReturnType<typeof event>[], state?: TierState): TierState {
  return events.reduce((before, each, second) => reduceTier(before, each, second * 1_000), state)!;
}

test('the state is what the events add up to', () => {
  const queued = someJob('b', { status: 'queued', queue_position: 2, created_at: '2026-11-21T10:00:01.000Z' });
  const place = { queue_position: 1, estimated_start_at: '2026-11-21T10:00:09Z', waiting_reason: null };
  const state = follow([
    event('job', someJob('before-the-list')),
    event('jobs', { jobs: [queued, someJob('a')], queue }),
    event('job', someJob('c', { status: 'starting' })),
    event('removed', { id: 'a' }),
    event('waiting', {
      jobs: [
        { id: 'b', ...place },
        { id: 'unknown', ...place },
      ],
    }),
    event('queue', { ...queue, waiting: 1 }),
    event('something-new', {}),
  ]);
  expect(state).toEqual({
    jobs: new Map([
      ['b', { ...queued, ...place }],
      ['c', someJob('c', { status: 'starting' })],
    ]),
    queue: { ...queue, waiting: 1 },
    stale: undefined,
    newsAt: new Map(),
    generation: 2,
  });
});

test('after a reconnect, jobs that have not changed are the same objects, so that their rows are not drawn again', () => {
  const first = follow([event('jobs', { jobs: [someJob('a'), someJob('b')], queue })]);
  const changed = someJob('b', { status: 'succeeded' });
  const second = follow([event('jobs', { jobs: [someJob('a'), changed], queue })], first);
  expect(second.jobs.get('a')).toBe(first.jobs.get('a'));
  expect(second.jobs.get('b')).toEqual(changed);
});

test('news of a running job is a step or another status; neither a reconnect nor a repetition is news', () => {
  const state = follow([
    event('jobs', { jobs: [someJob('a'), someJob('b', { status: 'starting' })], queue }),
    event('job', someJob('a', { progress: progress(100) })),
    event('job', someJob('a', { progress: progress(100) })),
    event('job', someJob('b')),
    event('jobs', { jobs: [someJob('a', { progress: progress(100) }), someJob('b')], queue }),
  ]);
  expect(state.newsAt).toEqual(
    new Map([
      ['a', 1_000],
      ['b', 3_000],
    ]),
  );
  const ended = follow([event('job', someJob('a', { status: 'failed' }))], state);
  expect([...ended.newsAt.keys()]).toEqual(['b']);
});

test('what may be out of date says so until the list has come anew', () => {
  const stale = { title: 'The Kubernetes API cannot be reached', detail: 'for 3 s' };
  const late = follow([event('jobs', { jobs: [], queue }), event('stale', stale)]);
  expect(late.stale).toEqual(stale);
  expect(follow([event('jobs', { jobs: [], queue })], late).stale).toBeUndefined();
});

test('a thousand jobs are kept; beyond that the oldest that has ended goes', () => {
  const at = (number: number): Partial<Job> => ({
    status: number === 0 ? 'running' : 'succeeded',
    created_at: new Date(number * 1_000).toISOString(),
  });
  const jobs = Array.from({ length: 1_000 }, (_, number) => someJob(`job-${number}`, at(number)));
  const full = follow([event('jobs', { jobs, queue })]);
  const more = withJob(full, someJob('new', at(1_000)), 0);
  expect(more.jobs.size).toBe(1_000);
  expect(['job-0', 'job-1', 'job-2', 'new'].map((id) => more.jobs.has(id))).toEqual([true, false, true, true]);
});
