import { expect, test, vi } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';
import { createJobLogs } from './job-logs.ts';

test('where more logs are read than may be followed at a time, each has its turn and all are read to their ends', async () => {
  const tier = await startTestTier();
  const logs = createJobLogs({ ...tier, mostFollowed: 2, timings: { turnMs: 50 } });
  const jobs = await Promise.all(
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
  const texts = () => jobs.map(({ read }) => read.text);
  await vi.waitFor(() => expect(texts()).toEqual(Array(5).fill('one\n')), 10_000);
  expect(jobs.reduce((sum, { log }) => sum + log.followers(), 0)).toBeLessThanOrEqual(2);
  for (const { log } of jobs) log.add('two\n');
  await vi.waitFor(() => expect(texts()).toEqual(Array(5).fill('one\ntwo\n')), 10_000);
  for (const { id, log } of jobs) {
    log.end();
    tier.putPod(id, { phase: 'Failed' });
    tier.endJob(id, 'Failed');
  }
  await Promise.all(jobs.map(({ done }) => done));
  logs.close();
});
