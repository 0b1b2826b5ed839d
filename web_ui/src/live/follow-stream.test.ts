import { expect, test } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import { type Connection, followStream } from './follow-stream.ts';

const event = (id: number) => `id: ${id}\nevent: job\ndata: {"n":${id}}\n\n`;
const away = (retryAfterSeconds?: number) =>
  new ApiError({ status: 503, code: 'service_unavailable', title: 'Away', detail: '', retryAfterSeconds });
const notFound = new ApiError({ status: 404, code: 'job_not_found', title: 'No job', detail: '' });

/** A connection: the text that arrives, then its end, a fault, or silence. */
type Step = string | Error | { text: string; ends: 'fault' | 'silence' } | 204;

/** Follows through these connections; when they are used up it is stopped. */
async function follow(steps: Step[]) {
  const stop = new AbortController();
  const told: (string | number)[] = [];
  const asked: (string | undefined)[] = [];
  let clock = 1_000;
  const noteConnection = (connection: Connection) => {
    const { state } = connection;
    if (state === 'away') told.push(`away since ${connection.since}`);
    else if (state === 'closed') told.push(`closed ${connection.error?.code ?? 'in order'}`);
    else told.push(state);
  };
  await followStream({
    signal: stop.signal,
    silenceMs: 50,
    now: () => clock,
    random: () => 1,
    async pause(ms) {
      told.push(ms);
      clock += ms;
      if (steps.length === 0) stop.abort();
    },
    async open(headers, signal) {
      asked.push(headers['last-event-id']);
      const step = steps.shift()!;
      if (step instanceof Error) throw step;
      if (step === 204) return new Response(null, { status: 204 });
      return new Response(bodyOf(step, signal));
    },
    onEvent: ({ data }) => told.push(data),
    onConnection: noteConnection,
  });
  return { told, asked };
}

function bodyOf(step: string | { text: string; ends: 'fault' | 'silence' }, signal: AbortSignal): ReadableStream {
  const { text, ends } = typeof step === 'string' ? { text: step, ends: 'end' } : step;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (ends === 'end') controller.close();
      signal.addEventListener('abort', () => controller.error(signal.reason));
    },
    pull(controller) {
      if (ends === 'fault') controller.error(new TypeError('network error'));
    },
  });
}

test('a stream that ends is followed on from its last event, and 204 is its end', async () => {
  const { told, asked } = await follow([event(1) + event(2), event(3), 204]);
  expect(told).toEqual(['connecting', 'live', '{"n":1}', '{"n":2}', 500, 'live', '{"n":3}', 500, 'closed in order']);
  expect(asked).toEqual([undefined, '2', '3']);
});

test('a connection that stays away is away since it was lost, and is tried ever more seldom', async () => {
  const { told } = await follow([{ text: event(1), ends: 'fault' }, away(), away(), away(), away(), away(), event(2)]);
  expect(told).toEqual([
    'connecting',
    'live',
    '{"n":1}',
    500,
    ...[1_000, 2_000, 4_000, 8_000, 10_000].flatMap((ms) => ['away since 1000', ms]),
    'live',
    '{"n":2}',
    500,
  ]);
});

test('a service is not asked before it wants to be', async () => {
  const { told } = await follow([away(30), event(1)]);
  expect(told).toEqual(['connecting', 'away since 1000', 30_000, 'live', '{"n":1}', 500]);
});

test('a connection that has died without closing is given up', async () => {
  const { told } = await follow([{ text: event(1), ends: 'silence' }, event(2)]);
  expect(told).toEqual(['connecting', 'live', '{"n":1}', 500, 'live', '{"n":2}', 500]);
});

test('what was refused for good is not asked again', async () => {
  expect((await follow([notFound])).told).toEqual(['connecting', 'closed job_not_found']);
});
