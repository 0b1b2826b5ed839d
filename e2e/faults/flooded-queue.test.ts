// One tier's users take all that they may have, and more; the other tier's notice nothing.
import { randomUUID } from 'node:crypto';
import { createStampClock } from '@ml-job-mesh/tier-service/records/stamp-clock.ts';
import { jobsPath } from '@ml-job-mesh/tier-service/state/job-paths.ts';
import { buildJob } from '@ml-job-mesh/tier-service/submission/job-builder.ts';
import { hashOf, type JobChoices } from '@ml-job-mesh/tier-service/submission/job-request.ts';
import { scriptTemplate } from '@ml-job-mesh/tier-service/testing/script-template.ts';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ask, askJson, clearJobs, cluster, listPods, post, waitForStatus } from '../mesh.ts';

/** As many unfinished jobs as the free tier takes unless it is told otherwise. */
const queueLength = 500;
const places = 2;
const jobSeconds = 600;

beforeEach(clearJobs);

/** Fills the free tier with jobs that sleep: the Jobs that its own builder makes, but for what they run. */
async function flood(): Promise<void> {
  onTestFinished(clearJobs);
  const clock = createStampClock(Date.now);
  const template = scriptTemplate(`exec sleep ${jobSeconds}`);
  const choices: JobChoices = { dataset: 'mnist', epochs: 5, pretrained: false };
  const jobs = Array.from({ length: queueLength }, () =>
    buildJob(template, choices, {
      name: `free-job-template-${randomUUID()}`,
      namespace: 'free-service',
      suspend: true,
      accepted: clock.next(),
      requestId: 'flood',
      requestHash: hashOf(choices),
    }),
  );
  const createSome = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await cluster.create(jobsPath('free-service'), job);
    }
  };
  await Promise.all(Array.from({ length: 16 }, createSome));
}

/** Runs one premium job to its end; gives how long it took to start, in milliseconds. */
async function startPremium(): Promise<number> {
  const postedAt = performance.now();
  const { id } = await post('/premium', { dataset: 'mnist', pretrained: true });
  await waitForStatus(id, 'running', 'succeeded');
  const startMs = performance.now() - postedAt;
  await waitForStatus(id, 'succeeded');
  return startMs;
}

test("a free tier that is flooded to its quota and its queue does not hold up the premium tier's jobs", async () => {
  const before = [await startPremium(), await startPremium()];
  await flood();
  await vi.waitFor(
    async () =>
      expect(await askJson('/free/queue')).toMatchObject({ running: places, waiting: queueLength - places, limit: 2 }),
    { timeout: 60_000, interval: 200 },
  );
  const refused = await ask('/free', { method: 'POST', body: '{"dataset":"mnist"}' });
  expect([refused.status, refused.headers.get('content-type')]).toEqual([
    429,
    expect.stringContaining('application/problem+json'),
  ]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ code: 'queue_full' });

  // How much slower, to the percent, is for a benchmark to say; here it is whether they start at all, and soon.
  const flooded = [await startPremium(), await startPremium()];
  expect(Math.max(...flooded)).toBeLessThan(5 * Math.max(...before) + 2_000);
  expect(await listPods('free-service')).toHaveLength(places);
});
