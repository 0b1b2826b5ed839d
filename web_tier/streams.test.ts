// Logs and events: open for as long as the job runs, and in nobody's way.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { frontHosts, startFront } from './testing/front.ts';
import { httpManagerOf } from './testing/real-envoy.ts';
import { type StubUpstream, startStubUpstream } from './testing/stub-upstream.ts';

/** More than Envoy's own 1,024 for requests, connections and what waits for one. */
const listeners = 1_100;

let tier: StubUpstream;
let front: Awaited<ReturnType<typeof startFront>>;
let open: ServerResponse[];

beforeEach(async () => {
  open = [];
  tier = await startStubUpstream('free-tier', {
    answer(request, response) {
      const isStream = /(logs|events)/.test(request.url ?? '');
      if (!isStream && !/wait=/.test(request.url ?? '')) return response.end('done');
      if (isStream) response.writeHead(200).write('Epoch [1/5], Step [100/600], Loss: 0.2846\n');
      open.push(response);
    },
  });
  front = await startFront({
    upstreams: { [frontHosts.free]: tier.port, [frontHosts.grader]: tier.port },
    // What would end a stream that is taken for an ordinary call; a call that waits is given a part of its minute.
    adjust: (bootstrap) => {
      httpManagerOf(bootstrap).stream_idle_timeout = '0.5s';
      for (const { route } of httpManagerOf(bootstrap).route_config.virtual_hosts[0].routes) {
        if (!route) continue;
        if (['15s', '60s'].includes(route.timeout)) route.timeout = '0.5s';
        if (route.timeout === '70s') route.timeout = '3s';
      }
    },
  });
}, 60_000);

afterEach(async () => {
  await front.stop();
  await tier.stop();
});

/** Opens a stream; settles with its answer once the first line of it has come. */
async function openStream(path: string): Promise<{ answer: IncomingMessage; close(): void }> {
  const request = httpRequest({ host: '127.0.0.1', port: front.port, path, agent: false });
  request.on('error', () => {});
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.on('error', () => {});
  await once(answer, 'readable');
  return { answer, close: () => request.destroy() };
}

describe('A stream through the front proxy', () => {
  test.each([
    '/free/jobs/free-job-template-1/logs?follow=true',
    '/free/jobs/free-job-template-1/logs/?follow=true',
    '/free/jobs/free-job-template-1/events',
    '/free/jobs/free-job-template-1/events/',
    '/free/events',
    '/cluster/events',
  ])('comes line by line, and outlives every time-out of other calls: %s', async (path) => {
    const { answer } = await openStream(path);
    expect(String(answer.read())).toBe('Epoch [1/5], Step [100/600], Loss: 0.2846\n');
    await setTimeout(1_500);
    open[0]!.end('Accuracy\n');
    let rest = '';
    for await (const chunk of answer) rest += chunk;
    expect(rest).toBe('Accuracy\n');
  });

  test('a call that waits for a change may be silent for longer than others, but not for ever', async () => {
    const path = '/free/jobs/free-job-template-1?wait=60';
    const answer = front.call({ path });
    await expect.poll(() => open.length).toBe(1);
    await setTimeout(1_500);
    open[0]!.end('changed');
    expect(await answer).toMatchObject({ status: 200, text: 'changed' });
    expect((await front.call({ path })).status).toBe(504);
  });

  test('leaves the other calls their connections, however many listen', async () => {
    const streams = await Promise.all(
      Array.from({ length: listeners }, (_, i) => openStream(`/free/jobs/free-job-template-${i}/events`)),
    );
    expect(open).toHaveLength(listeners);
    expect((await front.call({ path: '/free/queue' })).text).toBe('done');
    for (const stream of streams) stream.close();
    // The service is told, and its sockets come back.
    await expect
      .poll(() => open.filter((response) => response.socket?.destroyed === false), { timeout: 20_000 })
      .toEqual([]);
  }, 60_000);

  test('ends at the service when the client goes', async () => {
    const { close } = await openStream('/free/jobs/free-job-template-1/events');
    const ended = once(open[0]!, 'close');
    close();
    await ended;
    expect(open[0]!.writableFinished).toBe(false);
  });
});
