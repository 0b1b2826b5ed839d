import { expect, test } from 'vitest';
import { errorOfAnswer, toApiError } from './api-error.ts';

const problem = {
  type: 'about:blank',
  title: 'The queue is full',
  status: 429,
  detail: '500 jobs wait',
  code: 'queue_full',
};

test.each([
  [
    'a problem, with when to come back',
    new Response(JSON.stringify(problem), { status: 429, headers: { 'retry-after': '30' } }),
    { code: 'queue_full', message: 'The queue is full: 500 jobs wait', retryAfterSeconds: 30, isTemporary: true },
  ],
  [
    'the older shape of an error',
    new Response('{"error":"no pod has succeeded yet"}', { status: 404 }),
    { code: 'unexpected_answer', message: 'The answer was 404: no pod has succeeded yet', isTemporary: false },
  ],
  [
    'an answer that is no JSON',
    new Response('<html>', { status: 502 }),
    { code: 'unexpected_answer', message: 'The answer was 502', isTemporary: true },
  ],
])('reads %s', async (_, answer, expected) => {
  const { code, message, retryAfterSeconds, isTemporary } = await errorOfAnswer(answer);
  expect({ code, message, retryAfterSeconds, isTemporary }).toEqual({ retryAfterSeconds: undefined, ...expected });
});

test('a fault of the network is a mesh that cannot be reached, for now', () => {
  expect(toApiError(new TypeError('Failed to fetch'))).toMatchObject({ code: 'unreachable', isTemporary: true });
});

test('a fault of the page is none that passes', () => {
  expect(toApiError(new RangeError('x'))).toMatchObject({ code: 'fault', isTemporary: false, detail: 'RangeError: x' });
});
