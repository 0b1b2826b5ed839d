import { expect, test, vi } from 'vitest';
import { startTestTier } from '../testing/test-tier.ts';

const log = 'dataset: mnist\nEpoch [1/1], Step [100/600], Loss: 0.2846\nTime passed: 12.34 sec\n';

async function startWithLog() {
  const tier = await startTestTier();
  const { id } = (await tier.post({ dataset: 'mnist' })).json();
  tier.putPod(id, { phase: 'Running' });
  tier.stub.createLog(`${id}-pod`).add(log);
  await vi.waitFor(() => expect(tier.index.get(id)?.state.status).toBe('running'));
  return { ...tier, read: (query = '') => tier.inject({ url: `/free/jobs/${id}/logs${query}` }) };
}

test('a log is read whole, or its last lines alone', async () => {
  const { read } = await startWithLog();
  expect((await read()).body).toBe(log);
  expect((await read('?tail=1')).body).toBe('Time passed: 12.34 sec\n');
  expect((await read('?tail=2')).body).toBe(log.slice('dataset: mnist\n'.length));
  expect((await read('?tail=900')).body).toBe(log);
});

test.each(['0', '-1', 'all', '1.5', '2&follow=true'])('?tail=%s is refused', async (tail) => {
  const { read } = await startWithLog();
  const answer = await read(`?tail=${tail}`);
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request']);
});
