import { expect, test, vi } from 'vitest';
import type { StubCall } from '../testing/stub-api-server.ts';
import { jobs, startTestTier } from '../testing/test-tier.ts';

const isPatch = ({ method }: StubCall) => method === 'PATCH';

async function startWithJob() {
  const tier = await startTestTier();
  const { id } = (await tier.post({ dataset: 'mnist' })).json();
  await vi.waitFor(() => expect(tier.index.get(id)).toBeDefined());
  return { ...tier, id, cancel: () => tier.inject({ method: 'DELETE', url: `/free/jobs/${id}` }) };
}

test('a job that waits is ended by one patch, without a pod, and stays as its own record', async () => {
  const { cancel, stub, id } = await startWithJob();
  const answer = await cancel();
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { id, status: 'cancelled', queue_position: null }]);
  expect(stub.list(jobs)[0].spec).toMatchObject({ suspend: false, activeDeadlineSeconds: 0 });
  expect(stub.calls.filter(isPatch)).toHaveLength(1);
});

test('cancelling again is no error, and changes nothing', async () => {
  const { cancel, stub, index, id } = await startWithJob();
  const first = (await cancel()).json();
  await vi.waitFor(() => expect(index.get(id)!.state.status).toBe('cancelled'));
  const again = await cancel();
  expect([again.statusCode, again.json()]).toEqual([200, first]);
  expect(stub.calls.filter(isPatch)).toHaveLength(1);
});

test('a job that has ended is left as it is', async () => {
  const { cancel, stub, index, id, putPod } = await startWithJob();
  putPod(id, { phase: 'Succeeded' });
  await vi.waitFor(() => expect(index.get(id)!.state.status).toBe('succeeded'));
  const before = stub.list(jobs)[0].spec;
  const answer = await cancel();
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'job_ended']);
  expect(stub.list(jobs)[0].spec).toEqual(before);
});

test('one that changed at the same moment is looked at again, and cancelled as it is then', async () => {
  const { cancel, stub, id } = await startWithJob();
  let isFirst = true;
  stub.faultFor = (call) => {
    if (isPatch(call) && isFirst) {
      isFirst = false;
      stub.change(jobs, id, { metadata: { annotations: { other: 'change' } } });
    }
    return undefined;
  };
  expect((await cancel()).json().status).toBe('cancelled');
  expect(stub.list(jobs)[0].metadata.annotations).toMatchObject({ other: 'change' });
});

test('a lost answer is no second cancellation', async () => {
  const { cancel, stub } = await startWithJob();
  let lost = 0;
  stub.faultFor = (call) => (isPatch(call) && lost++ === 0 ? 'lose-answer' : undefined);
  expect((await cancel()).json().status).toBe('cancelled');
  expect(stub.calls.filter(isPatch)).toHaveLength(1);
});
