import { expect, onTestFinished, test, vi } from 'vitest';
import { annotation } from '../state/annotations.ts';
import { jobs, pods, quotas, startTestTier } from '../testing/test-tier.ts';

type TestTier = Awaited<ReturnType<typeof startTestTier>>;

const succeeded = {
  phase: 'Succeeded',
  containerStatuses: [{ name: 'classify', state: { terminated: { exitCode: 0, message: '{}' } } }],
} as never;

/** Starts a tier that listens, and gives what follows a log there. */
async function startListening(options?: Parameters<typeof startTestTier>[0]) {
  const tier = await startTestTier(options);
  const origin = await tier.app.listen({ port: 0, host: '127.0.0.1' });
  return { ...tier, origin, follow: (id: string) => follow(`${origin}/free/jobs/${id}/logs?follow=true`) };
}

/** A client that follows a log: what it has read, and how that ended. */
async function follow(url: string) {
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const answer = await fetch(url, { signal: leave.signal });
  const client = { status: answer.status, text: '', end: 'open' as 'open' | 'complete' | 'broken' };
  const read = async () => {
    try {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) client.text += chunk;
      client.end = 'complete';
    } catch {
      client.end = 'broken';
    }
  };
  const done = read();
  return Object.assign(client, { done, leave: () => leave.abort() });
}

/** Makes a job that runs; gives its id and its log. */
async function startJob({ post, putPod, stub, index }: TestTier) {
  const answer = await post({ dataset: 'mnist' });
  expect(answer.statusCode).toBe(200);
  const { id } = answer.json() as { id: string };
  const log = stub.createLog(`${id}-pod`);
  putPod(id, { phase: 'Running' });
  await vi.waitFor(() => expect(index.get(id)?.state.status).toBe('running'), 20_000);
  return { id, log };
}

function endJob({ putPod, endJob }: TestTier, id: string): void {
  putPod(id, succeeded);
  endJob(id, 'Complete');
}

test('three hundred and fifty followers leave POST, DELETE, readyz, the watch and the queue as they were', async () => {
  const tier = await startListening({ admits: true });
  const isSuspended = (id: string) => tier.stub.find(jobs, id).spec.suspend;
  const running = await Promise.all(Array.from({ length: 7 }, () => startJob(tier)));
  const { id: queued } = (await tier.post({ dataset: 'mnist' })).json();
  const followers = await Promise.all(
    Array.from({ length: 350 }, (_, number) => tier.follow(running[number % running.length]!.id)),
  );
  await vi.waitFor(() => expect(running.map(({ log }) => log.followers())).toEqual(Array(7).fill(1)), 10_000);

  expect((await tier.inject({ url: '/free/readyz' })).statusCode).toBe(200);
  const posted = await tier.post({ dataset: 'kmnist' });
  expect(posted.statusCode).toBe(200);
  const removed = await tier.inject({ method: 'DELETE', url: `/free/jobs/${posted.json().id}` });
  expect([removed.statusCode, removed.json().status]).toEqual([200, 'cancelled']);
  // The watch shows that there is room now, and the job that waits is resumed.
  expect(isSuspended(queued)).toBe(true);
  tier.stub.change(quotas, 'quota', { spec: { hard: { 'requests.cpu': '400', 'limits.cpu': '400' } } });
  await vi.waitFor(() => expect(isSuspended(queued)).toBe(false), 10_000);

  for (const [number, { id, log }] of running.entries()) {
    log.add(`log ${number}\n`);
    log.end();
    endJob(tier, id);
  }
  await Promise.all(followers.map(({ done }) => done));
  expect(followers.map(({ end, text }) => [end, text])).toEqual(
    followers.map((_, number) => ['complete', `log ${number % running.length}\n`]),
  );
  // However many listened, there was one stream.
  expect(running.map(({ log }) => log.served.most)).toEqual(Array(7).fill(1));
});

test.each([
  { how: 'cut off', harm: 'cut' as const },
  { how: 'ended in good order before its end', harm: 'endEarly' as const },
])('a followed log whose upstream is $how goes on where it stopped', async ({ harm }) => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  log.add('one\ntw');
  const client = await tier.follow(id);
  await vi.waitFor(() => expect(client.text).toBe('one\ntw'));
  log[harm]();
  log.addUnheard('o\n');
  await vi.waitFor(() => expect(client.text).toBe('one\ntwo\n'));
  log[harm]();
  log.addUnheard('three\n');
  log.end();
  endJob(tier, id);
  await client.done;
  expect([client.end, client.text]).toEqual(['complete', 'one\ntwo\nthree\n']);
});

test('an upstream that hangs is read anew, and does not outlive its job', async () => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  log.add('one\n');
  const client = await tier.follow(id);
  await vi.waitFor(() => expect(client.text).toBe('one\n'));
  // The connection dies without closing: first it is missed, and then the job is over.
  log.addUnheard('two\n');
  await vi.waitFor(() => expect(client.text).toBe('one\ntwo\n'), 10_000);
  log.addUnheard('three\n');
  endJob(tier, id);
  await client.done;
  expect([client.end, client.text]).toEqual(['complete', 'one\ntwo\nthree\n']);
  await vi.waitFor(() => expect(log.followers()).toBe(0));
});

test('a log whose rest cannot be read is broken off, so that nobody takes it for the whole', async () => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  log.add('half of ');
  const client = await tier.follow(id);
  await vi.waitFor(() => expect(client.text).toBe('half of '));
  log.mute();
  log.cut();
  endJob(tier, id);
  await client.done;
  expect([client.end, client.text]).toEqual(['broken', 'half of ']);
});

test('a log of which the pod has gone is broken off if it had been cut, and complete if it had ended', async () => {
  const tier = await startListening();
  for (const harm of ['cut', 'end'] as const) {
    const { id, log } = await startJob(tier);
    log.add('text');
    const client = await tier.follow(id);
    await vi.waitFor(() => expect(client.text).toBe('text'));
    tier.stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
    log[harm]();
    endJob(tier, id);
    await client.done;
    expect([harm, client.end]).toEqual([harm, harm === 'cut' ? 'broken' : 'complete']);
    tier.stub.faultFor = () => undefined;
  }
});

const started = {
  phase: 'Running',
  containerStatuses: [{ name: 'classify', state: { running: { startedAt: '2026-11-21T03:00:00Z' } } }],
} as never;

test('a followed log of which nothing was read before the pod went is broken off, not passed off as empty', async () => {
  const tier = await startListening();
  tier.stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
  const { id } = await startJob(tier);
  tier.putPod(id, started);
  await vi.waitFor(() => expect(tier.index.get(id)!.state.startedAt).not.toBeNull());
  const client = await tier.follow(id);
  await tier.inject({ method: 'DELETE', url: `/free/jobs/${id}` });
  await client.done;
  expect([client.status, client.end, client.text]).toEqual([200, 'broken', '']);
});

test('following a job that has ended gives the log that was kept, or says that there is none', async () => {
  const tier = await startListening();
  const [kept, lost] = [await startJob(tier), await startJob(tier)];
  kept.log.add('all of it\n');
  tier.stub.faultFor = ({ path }) => (path.endsWith(`${lost.id}-pod/log`) ? { status: 404 } : undefined);
  for (const { id } of [kept, lost]) {
    endJob(tier, id);
    const outcome = () => tier.stub.find(jobs, id).metadata.annotations[annotation.outcome];
    await vi.waitFor(() => expect(outcome()).toBeDefined(), 10_000);
    tier.stub.remove(pods, `${id}-pod`, undefined);
  }
  tier.stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
  const clients = [await tier.follow(kept.id), await tier.follow(lost.id)];
  await Promise.all(clients.map(({ done }) => done));
  expect(clients.map(({ status, end }) => [status, end])).toEqual([
    [200, 'complete'],
    [404, 'complete'],
  ]);
  expect(clients[0]!.text).toBe('all of it\n');
  expect(JSON.parse(clients[1]!.text).code).toBe('log_not_found');
});

test('whoever comes late, or reads slowly, has a long log from its beginning all the same', async () => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  const early = await tier.follow(id);
  const lines = Array.from({ length: 20_000 }, (_, number) => `line ${number} of a long log\n`);
  for (const line of lines.slice(0, 15_000)) log.add(line);
  await vi.waitFor(() => expect(early.text.length).toBe(lines.slice(0, 15_000).join('').length), 10_000);
  const late = await tier.follow(id);
  for (const line of lines.slice(15_000)) log.add(line);
  log.end();
  endJob(tier, id);
  await Promise.all([early.done, late.done]);
  expect([early.end, late.end, early.text === lines.join(''), late.text === lines.join('')]).toEqual([
    ...['complete', 'complete', true, true],
  ]);
  expect(log.served.most).toBe(1);
});

test('a queued job is waited for, one that is cancelled before it has run has an empty log', async () => {
  const tier = await startListening();
  const ids = await Promise.all([0, 1].map(async () => (await tier.post({ dataset: 'mnist' })).json().id as string));
  const clients = await Promise.all(ids.map((id) => tier.follow(id)));
  await tier.inject({ method: 'DELETE', url: `/free/jobs/${ids[1]}` });
  await clients[1]!.done;
  expect([clients[1]!.end, clients[1]!.text, clients[0]!.end]).toEqual(['complete', '', 'open']);
  const log = tier.stub.createLog(`${ids[0]}-pod`);
  log.add('all of it\n');
  log.end();
  tier.putPod(ids[0]!, { phase: 'Running' });
  await vi.waitFor(() => expect(clients[0]!.text).toBe('all of it\n'));
  endJob(tier, ids[0]!);
  await clients[0]!.done;
  expect(clients[0]!.end).toBe('complete');
});

test('a service that stops breaks off its followers instead of waiting for them', async () => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  log.add('one\n');
  const clients = await Promise.all(Array.from({ length: 5 }, () => tier.follow(id)));
  await vi.waitFor(() => expect(clients.map(({ text }) => text)).toEqual(Array(5).fill('one\n')));
  await tier.stop();
  await Promise.all(clients.map(({ done }) => done));
  expect(clients.map(({ end }) => end)).toEqual(Array(5).fill('broken'));
});

test('followers that leave leave nothing behind', async () => {
  const tier = await startListening();
  const { id, log } = await startJob(tier);
  await tier.inject({ method: 'DELETE', url: `/free/jobs/${id}` });
  log.end();
  const { id: other, log: followed } = await startJob(tier);
  const clients = await Promise.all(Array.from({ length: 5 }, () => tier.follow(other)));
  await vi.waitFor(() => expect(followed.followers()).toBe(1));
  for (const { leave } of clients) leave();
  // The tier itself still follows it for its progress, until it ends.
  tier.putPod(other, succeeded);
  await vi.waitFor(() => expect(followed.followers()).toBe(0));
});

test.each(['logs?follow=true', 'events'])('HEAD of %s is answered at once, without a body', async (path) => {
  const tier = await startListening();
  const { id } = await startJob(tier);
  const answer = await fetch(`${tier.origin}/free/jobs/${id}/${path}`, { method: 'HEAD' });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    ...[200, path === 'events' ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8', ''],
  ]);
});
