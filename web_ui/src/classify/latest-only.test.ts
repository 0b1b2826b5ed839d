import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import { createLatestOnly } from './latest-only.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const away = (retryAfterSeconds?: number) =>
  new ApiError({ status: 503, code: 'not_ready', title: 'Away', detail: '', retryAfterSeconds });
const refused = new ApiError({ status: 415, code: 'unsupported_image', title: 'No image', detail: '' });

/** A sender whose answers are given by the test. */
function setUp() {
  const sent: { input: string; signal: AbortSignal; answer: (text: string) => void; fail: (error: Error) => void }[] =
    [];
  const told: string[] = [];
  const latest = createLatestOnly<string, string>({
    send: (input, signal) =>
      new Promise((answer, fail) => {
        sent.push({ input, signal, answer, fail });
      }),
    onAnswer: (answer, input) => told.push(`${input}: ${answer}`),
    onError: (error, input) => told.push(`${input}: ${error.code}`),
    spacingMs: 50,
    retryMs: 2_000,
  });
  return { latest, sent, told, inputs: () => sent.map(({ input }) => input) };
}

test('while one is on its way, only the newest of those that come is sent after it', async () => {
  const { latest, sent, told, inputs } = setUp();
  for (const input of ['a', 'b', 'c']) latest.submit(input);
  expect(inputs()).toEqual(['a']);
  sent[0]!.answer('1');
  await vi.advanceTimersByTimeAsync(49);
  expect(inputs()).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(1);
  sent[1]!.answer('2');
  await vi.advanceTimersByTimeAsync(1_000);
  expect([inputs(), told]).toEqual([
    ['a', 'c'],
    ['a: 1', 'c: 2'],
  ]);
});

test('what is cleared is ended, and nothing is told of it', async () => {
  const { latest, sent, told } = setUp();
  latest.submit('a');
  latest.clear();
  expect(sent[0]!.signal.aborted).toBe(true);
  sent[0]!.answer('1');
  latest.submit('b');
  sent[1]!.answer('2');
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual(['b: 2']);
});

test('a service that is away is asked again about the newest, not before it wants to be', async () => {
  const { latest, sent, told, inputs } = setUp();
  latest.submit('a');
  sent[0]!.fail(away(5));
  await vi.advanceTimersByTimeAsync(4_999);
  latest.submit('b');
  expect(inputs()).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(1);
  sent[1]!.answer('2');
  await vi.advanceTimersByTimeAsync(10_000);
  expect([inputs(), told]).toEqual([
    ['a', 'b'],
    ['a: not_ready', 'b: 2'],
  ]);
});

test('what was refused for good is not sent again', async () => {
  const { latest, sent, inputs, told } = setUp();
  latest.submit('a');
  sent[0]!.fail(refused);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([inputs(), told]).toEqual([['a'], ['a: unsupported_image']]);
});
