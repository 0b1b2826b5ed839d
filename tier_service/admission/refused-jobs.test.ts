import { expect, test, vi } from 'vitest';
import { jobs, startTestTier } from '../testing/test-tier.ts';

test('a request to wake a Job that the API server refuses is counted', async () => {
  const { post, stub, index, metrics } = await startTestTier({ admits: true });
  await post({ dataset: 'mnist' });
  await vi.waitFor(() => expect(index.counts.starting).toBe(1));
  stub.faultFor = ({ method, path }) => (method === 'PATCH' && path.startsWith(jobs) ? { status: 403 } : undefined);
  await vi.waitFor(
    async () => {
      const { values } = await metrics.faults.get();
      expect(values.map(({ labels }) => 'during' in labels && labels.during)).toContain('wake-up');
    },
    { timeout: 10_000 },
  );
});
