import { expect, test } from 'vitest';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { label } from '../state/annotations.ts';
import { createQueueEstimate } from './queue-estimate.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 10) + seconds * 1_000).toISOString();

function record(status: string, times: [number?, number?], epochs = 5, progress: object | null = null): JobRecord {
  const labels = { [label.epochs]: String(epochs), [label.pretrained]: String(epochs === 0) };
  const [startedAt, finishedAt] = times.map((time) => (time === undefined ? null : at(time)));
  return { job: { metadata: { labels } }, state: { status, startedAt, finishedAt }, progress } as never;
}

/** Estimates for a queue at 100 s past ten, with two places. */
function startsOf({ finished = [], running = [], starting = [], queue = [], places = 2 }: Record<string, unknown>) {
  const waiting = queue as JobRecord[];
  const index = {
    ...{ finished, running: new Set(running as []), starting: new Set(starting as []), queue, version: () => 1 },
    queuePosition: (each: JobRecord) => (waiting.includes(each) ? waiting.indexOf(each) + 1 : null),
  } as unknown as JobIndex;
  const estimate = createQueueEstimate({ index, places: () => places as number, now: () => Date.parse(at(100)) });
  return waiting.map((each) => estimate.startOf(each));
}

const seconds = (time: number) => at(time).replace('.000Z', 'Z');

test('those that wait start when those before them will have ended', () => {
  const starts = startsOf({
    finished: [record('succeeded', [0, 10]), record('succeeded', [0, 20], 10), record('failed', [0, 1])],
    running: [record('running', [95]), record('running', [98])],
    queue: [record('queued', []), record('queued', [], 1), record('queued', [])],
  });
  expect(starts).toEqual([105, 108, 110].map(seconds));
});

test('a job that takes longer than others did is expected to end now', () => {
  const finished = [record('succeeded', [0, 10])];
  const running = [record('running', [0]), record('running', [95])];
  expect(startsOf({ finished, running, queue: [record('queued', [])] })).toEqual([seconds(100)]);
});

test('before the first has ended, the progress of those that run tells how long an epoch takes', () => {
  const progress = { epoch: 2, epochs: 5, step: 300, steps: 600, loss: 0.1 };
  const running = [record('running', [85], 5, progress), record('running', [90])];
  expect(startsOf({ running, queue: [record('queued', []), record('queued', [])] })).toEqual([135, 140].map(seconds));
});

test('where nothing tells how long a job takes, or there is no place, nobody is told a time', () => {
  const queue = [record('queued', []), record('queued', [], 0)];
  expect(startsOf({ running: [record('running', [90]), record('running', [90])], queue })).toEqual([null, null]);
  expect(startsOf({ finished: [record('succeeded', [0, 10])], queue, places: 0 })).toEqual([null, null]);
});
