import { expect, test } from 'vitest';
import { pointsOf } from './job-log.ts';
import { curlOf, requestOf } from './job-request.ts';
import { accuracyOf, describeProgress, describeStart, describeStatus, formatDuration, runtimeMs } from './job-text.ts';
import { someJob } from './testing/some-job.ts';

const progress = { epoch: 4, epochs: 5, step: 420, steps: 600, loss: 0.0709 };

test.each([
  [{ status: 'queued', queue_position: 1 }, 'queued, number 1'],
  [{ status: 'queued' }, 'queued'],
  [{ status: 'starting' }, 'starting'],
  [{ status: 'running', progress }, 'running 74 %'],
  [{ status: 'running' }, 'running'],
  [{ status: 'failed', error: { code: 'dataset_missing', message: '' } }, 'failed: dataset missing'],
  [{ status: 'succeeded' }, 'succeeded'],
  [{ status: 'cancelled' }, 'cancelled'],
] as const)('the status of %j is "%s"', (rest, text) => {
  expect(describeStatus(someJob('a', rest))).toBe(text);
});

test('what a job does is told by its progress, and before there is any by what it begins with', () => {
  expect(describeProgress(someJob('a', { progress }))).toBe('epoch 4 of 5 · loss 0.071');
  expect(describeProgress(someJob('a'))).toBe('reading its images');
  expect(describeProgress(someJob('a', { pretrained: true }))).toBe('looking at the test images');
});

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [120_000, '2 min'],
  [125_000, '2 min 5 s'],
  [3_600_000, '1 h'],
  [4_800_000, '1 h 20 min'],
])('%i ms are written %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test('a job runs from its start to its end or to now, and a clock that is behind counts from 0', () => {
  const started_at = '2026-11-21T10:00:00Z';
  const now = Date.parse(started_at);
  expect(runtimeMs(someJob('a'), now)).toBeUndefined();
  expect(runtimeMs(someJob('a', { started_at }), now + 9_000)).toBe(9_000);
  expect(runtimeMs(someJob('a', { started_at }), now - 9_000)).toBe(0);
  expect(runtimeMs(someJob('a', { started_at, finished_at: '2026-11-21T10:00:19Z' }), now + 99_000)).toBe(19_000);
});

test('a start is told in round figures, as any moment when it is due, and not at all where nobody knows', () => {
  const estimated_start_at = '2026-11-21T10:00:06Z';
  const due = Date.parse(estimated_start_at);
  expect([due - 6_000, due - 1_000, due + 5_000].map((now) => describeStart({ estimated_start_at }, now))).toEqual([
    'in about 6 s',
    'any moment',
    'any moment',
  ]);
  expect(describeStart({ estimated_start_at: null }, due)).toBeUndefined();
});

test('an accuracy has two decimals', () => {
  expect(accuracyOf(someJob('a', { result: { accuracy: 97.2, test_images: 10_000, seconds: 18 } }))).toBe('97.20 %');
  expect(accuracyOf(someJob('a'))).toBeUndefined();
});

test('a command asks for the same job again, and names no key', () => {
  const trained = requestOf(someJob('a', { epochs: 3 }));
  expect(curlOf(trained, 'http://mesh', false)).toBe(`curl http://mesh/free -d '{"dataset":"mnist","epochs":3}'`);
  const evaluated = requestOf(someJob('a', { tier: 'premium', epochs: 5, pretrained: true }));
  expect(curlOf(evaluated, 'http://mesh', true)).toBe(
    `curl http://mesh/premium -H "authorization: Bearer $API_KEY" -d '{"dataset":"mnist","pretrained":true}'`,
  );
});

test('a log tells of a point for each line of progress, and of nothing else', () => {
  const text = 'dataset: mnist\nEpoch [1/5], Step [300/600], Loss: 0.5\nEpoch [2/5], Step [600/600], Loss: 0.25\nAccur';
  expect(pointsOf(text)).toEqual([
    { x: 0.5, y: 0.5 },
    { x: 2, y: 0.25 },
  ]);
});
