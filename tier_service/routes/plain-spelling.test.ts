import { expect, test } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';

test('a call that may last is sent to the spelling by which the proxies know it, with its parameters', async () => {
  const { inject, post } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  const etag = (await inject({ url: `/free/jobs/${id}` })).headers.etag as string;
  const ask = async (url: string) => {
    const { statusCode, headers } = await inject({ url, headers: { 'if-none-match': etag } });
    return [statusCode, headers.location];
  };
  expect(await ask(`/free/jobs/${id}/%6cogs?follow=true`)).toEqual([308, `/free/jobs/${id}/logs?follow=true`]);
  expect(await ask(`/free/j%6fbs/${id}/events`)).toEqual([308, `/free/jobs/${id}/events`]);
  expect(await ask(`/free/jobs/${id}?%77ait=1`)).toEqual([308, `/free/jobs/${id}?wait=1`]);
  expect((await ask(`/free/jobs/${id}/logs/`))[0]).toBe(404);
});
