import { expect, test, vi } from 'vitest';
import { annotation } from '../state/annotations.ts';
import { jobs, pods, startTestTier } from '../testing/test-tier.ts';

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

test('the end of a log outlives the pod, on the Job and not in memory', async () => {
  const { read, stub, putPod, endJob, index } = await startWithLog();
  const { id } = index.ordered[0]!;
  stub.faultFor = ({ path, query }) => (path.endsWith('/log') && query.has('follow') ? { status: 404 } : undefined);
  putPod(id, { phase: 'Succeeded' });
  endJob(id, 'Complete');
  await vi.waitFor(() => expect(stub.list(jobs)[0].metadata.annotations[annotation.log]).toBe(log), 10_000);
  stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
  stub.remove(pods, `${id}-pod`, undefined);
  await vi.waitFor(() => expect(index.get(id)!.job.metadata!.annotations![annotation.outcome]).toBeDefined());
  expect(index.get(id)!.job.metadata!.annotations![annotation.log]).toBeUndefined();
  expect((await read()).body).toBe(log);
  expect((await read('?tail=1')).body).toBe('Time passed: 12.34 sec\n');
});

test('a job that has ended and whose log was never kept says so', async () => {
  const { read, stub, putPod, endJob, index } = await startWithLog();
  const { id } = index.ordered[0]!;
  stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
  putPod(id, { phase: 'Succeeded' });
  endJob(id, 'Complete');
  await vi.waitFor(() => expect(index.get(id)!.job.metadata!.annotations![annotation.outcome]).toBeDefined(), 10_000);
  const answer = await read();
  expect([answer.statusCode, answer.json().code]).toEqual([404, 'log_not_found']);
});
