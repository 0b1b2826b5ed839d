import { expect, test, vi } from 'vitest';
import { jobs, pods, startTestTier } from '../testing/test-tier.ts';
import { createJobLogs } from './job-logs.ts';

test('where more logs are read than may be followed at a time, each has its turn and all are read to their ends', async () => {
  const tier = await startTestTier();
  const logs = createJobLogs({ ...tier, mostFollowed: 2, timings: { turnMs: 50 } });
  const posted = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const { id } = (await tier.post({ dataset: 'mnist' })).json() as { id: string };
      const log = tier.stub.createLog(`${id}-pod`);
      log.add('one\n');
      tier.putPod(id, { phase: 'Pending' });
      await vi.waitFor(() => expect(tier.index.get(id)?.pod).toBeDefined());
      const read = { text: '' };
      const done = (async () => {
        for await (const chunk of logs.read(tier.index.get(id)!, new AbortController().signal)) read.text += chunk;
      })();
      return { id, log, read, done };
    }),
  );
  const texts = () => posted.map(({ read }) => read.text);
  await vi.waitFor(() => expect(texts()).toEqual(Array(5).fill('one\n')), 10_000);
  expect(posted.reduce((sum, { log }) => sum + log.followers(), 0)).toBeLessThanOrEqual(2);
  for (const { log } of posted) log.add('two\n');
  await vi.waitFor(() => expect(texts()).toEqual(Array(5).fill('one\ntwo\n')), 10_000);
  for (const { id, log } of posted) {
    log.end();
    tier.putPod(id, { phase: 'Failed' });
    tier.endJob(id, 'Failed');
  }
  await Promise.all(posted.map(({ done }) => done));
  logs.close();
});

test('a log is broken off when its Job is suspended by hand, and whoever reads it then reads the new one alone', async () => {
  const tier = await startTestTier({ admits: true });
  const { id } = (await tier.post({ dataset: 'mnist' })).json() as { id: string };
  await vi.waitFor(() => expect(tier.index.get(id)?.state.status).toBe('starting'));
  tier.stub.createLog(`${id}-pod`).add('the first run\n');
  tier.putPod(id, { phase: 'Running' });
  const logs = createJobLogs(tier);
  const read = async (text: { is: string }) => {
    for await (const chunk of logs.read(tier.index.get(id)!, new AbortController().signal)) text.is += chunk;
  };
  const first = { is: '' };
  const firstDone = read(first).then(
    () => 'whole',
    (error: Error) => error.name,
  );
  await vi.waitFor(() => expect(first.is).toBe('the first run\n'));

  tier.stub.change(jobs, id, { spec: { suspend: true } });
  tier.stub.change(pods, `${id}-pod`, { metadata: { deletionTimestamp: '2026-11-21T03:00:09Z' } });
  expect(await firstDone).toBe('BrokenLogError');
  tier.stub.remove(pods, `${id}-pod`, undefined);
  await vi.waitFor(() => expect(tier.stub.list(jobs)[0].spec.suspend).toBe(false));
  tier.stub.createLog(`${id}-new`).add('2nd\n');
  tier.putPod(id, { phase: 'Running' }, `${id}-new`);
  await vi.waitFor(() => expect(tier.index.get(id)!.pod?.metadata?.name).toBe(`${id}-new`));
  const second = { is: '' };
  const secondDone = read(second).catch(() => undefined);
  await vi.waitFor(() => expect(second.is).toBe('2nd\n'));
  logs.close();
  await secondDone;
});
