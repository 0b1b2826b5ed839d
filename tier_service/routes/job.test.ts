import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';

async function startWithJob() {
  const tier = await startTestTier();
  const origin = await tier.app.listen({ port: 0, host: '127.0.0.1' });
  const { id } = (await tier.post({ dataset: 'mnist' })).json();
  await vi.waitFor(() => expect(tier.index.get(id)).toBeDefined());
  const path = `/free/jobs/${id}`;
  const read = async (query: string, tag?: string, signal?: AbortSignal) => {
    const answer = await fetch(`${origin}${path}${query}`, {
      headers: { ...(tag && { 'if-none-match': tag }) },
      ...(signal && { signal }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      tag: answer.headers.get('etag')!,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  return { ...tier, id, path, read };
}

test("a job's tag stays while the job does, and changes with it", async () => {
  const { read, putPod, index, id } = await startWithJob();
  const first = await read('');
  expect(first).toMatchObject({ status: 200, tag: expect.stringMatching(/^W\/"[\w-]{22}"$/), body: { id } });
  expect(await read('', first.tag)).toEqual({ status: 304, tag: first.tag, body: undefined });
  putPod(id, { phase: 'Running' });
  await vi.waitFor(() => expect(index.get(id)!.state.status).toBe('running'));
  const second = await read('', first.tag);
  expect(second).toMatchObject({ status: 200, body: { id, status: 'running' } });
  expect(second.tag).not.toBe(first.tag);
});

test('a client that waits is answered when the job changes', async () => {
  const { read, putPod, id, hub } = await startWithJob();
  const { tag } = await read('');
  let isAnswered = false;
  const answer = read('?wait=60', tag).finally(() => (isAnswered = true));
  await vi.waitFor(() => expect(hub.size()).toBe(1));
  expect(isAnswered).toBe(false);
  putPod(id, { phase: 'Running' });
  expect(await answer).toMatchObject({ status: 200, body: { id, status: 'running' } });
  expect(hub.size()).toBe(0);
});

test('a client that waits in vain is answered that nothing has changed when its time is up', async () => {
  const { read } = await startWithJob();
  const { tag } = await read('');
  const askedAt = performance.now();
  expect(await read('?wait=1', tag)).toEqual({ status: 304, tag, body: undefined });
  expect(performance.now() - askedAt).toBeGreaterThanOrEqual(990);
});

test('a client that knows nothing of the job, or something old, does not wait', async () => {
  const { read, id } = await startWithJob();
  expect(await read('?wait=60')).toMatchObject({ status: 200, body: { id } });
  expect(await read('?wait=60', 'W/"of-long-ago"')).toMatchObject({ status: 200, body: { id } });
});

test('a client that waits is told that the job is gone', async () => {
  const { read, inject, hub, path } = await startWithJob();
  const { tag } = await read('');
  const answer = read('?wait=60', tag);
  await vi.waitFor(() => expect(hub.size()).toBe(1));
  await inject({ method: 'DELETE', url: '/free/jobs?all=true' });
  expect(await answer).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
  expect((await inject({ url: path })).statusCode).toBe(404);
});

test('a client that goes away while it waits leaves nothing behind', async () => {
  const { read, hub } = await startWithJob();
  const { tag } = await read('');
  const leave = new AbortController();
  const answer = read('?wait=60', tag, leave.signal);
  await vi.waitFor(() => expect(hub.size()).toBe(1));
  leave.abort();
  await expect(answer).rejects.toThrow();
  await vi.waitFor(() => expect(hub.size()).toBe(0));
});

test('a connection that waits outlives the time-out of quiet connections', async () => {
  const { app, read, hub } = await startWithJob();
  const { tag } = await read('');
  app.server.timeout = 300;
  const answer = read('?wait=2', tag);
  await vi.waitFor(() => expect(hub.size()).toBe(1));
  await setTimeout(1_000);
  expect((await answer).status).toBe(304);
});

test.each(['61', '-1', 'long'])('?wait=%s is refused', async (wait) => {
  const { read } = await startWithJob();
  expect(await read(`?wait=${wait}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});
