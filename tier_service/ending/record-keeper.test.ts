import { expect, test, vi } from 'vitest';
import { annotation } from '../state/annotations.ts';
import type { StubCall } from '../testing/stub-api-server.ts';
import { jobs, pods, startTestTier } from '../testing/test-tier.ts';

const result = { accuracy: 97.9, test_images: 10_000, seconds: 8.2 };

function terminated(exitCode: number, message: string, finishedAt = '2026-11-21T03:00:09Z') {
  const state = {
    terminated: { exitCode, message, startedAt: '2026-11-21T03:00:01Z', finishedAt },
  };
  const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
  return { phase, containerStatuses: [{ name: 'classify', state }] } as never;
}

const outcomeWrites = (calls: StubCall[]) =>
  calls.filter(({ method, body }) => method === 'PATCH' && body.metadata?.annotations?.[annotation.outcome]);

test('a result is written on the Job once, when the Job is over, and outlives the pod', async () => {
  const { post, stub, putPod, endJob, inject } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  putPod(id, { phase: 'Running' });
  putPod(id, terminated(0, JSON.stringify(result)));
  endJob(id, 'Complete');
  await vi.waitFor(() => expect(outcomeWrites(stub.calls)).toHaveLength(1));
  stub.remove(pods, `${id}-pod`, undefined);
  expect(JSON.parse(stub.list(jobs)[0].metadata.annotations[annotation.outcome])).toEqual({
    ...{ status: 'succeeded', startedAt: '2026-11-21T03:00:01Z', finishedAt: '2026-11-21T03:00:09Z' },
    ...{ result, error: null },
  });
  const other = await inject({ method: 'GET', url: `/free/jobs/${id}` });
  expect(other.json()).toMatchObject({ status: 'succeeded', result });
  expect(outcomeWrites(stub.calls)).toHaveLength(1);
});

test.each([
  { exitCode: 0, type: 'Complete', message: JSON.stringify(result), expected: { status: 'succeeded', result } },
  { exitCode: 1, type: 'Failed', message: 'oh', expected: { status: 'failed', error: { code: 'exit_code' } } },
] as const)(
  'a Job that is seen to be $type before its pod has ended loses nothing of what the pod tells',
  async (end) => {
    const { post, stub, putPod, endJob, index, podWatch } = await startTestTier();
    const { id } = (await post({ dataset: 'mnist' })).json();
    putPod(id, { phase: 'Running' });
    await vi.waitFor(() => expect(index.get(id)!.state.status).toBe('running'));
    podWatch.stop();
    putPod(id, terminated(end.exitCode, end.message));
    endJob(id, end.type);
    await vi.waitFor(() => expect(stub.list(jobs)[0].metadata.annotations[annotation.outcome]).toBeDefined(), 10_000);
    expect(JSON.parse(stub.list(jobs)[0].metadata.annotations[annotation.outcome])).toMatchObject(end.expected);
    expect(index.get(id)!.state).toMatchObject(end.expected);
  },
);

test('a record that the API server did not take is written when it takes it again, and each refusal counts', async () => {
  const { post, stub, putPod, endJob, metrics } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  let refused = 0;
  stub.faultFor = ({ method }) => (method === 'PATCH' && refused++ < 3 ? { status: 500 } : undefined);
  putPod(id, terminated(1, 'no such file'));
  endJob(id, 'Failed', 'BackoffLimitExceeded');
  await vi.waitFor(() => expect(stub.list(jobs)[0].metadata.annotations[annotation.outcome]).toBeDefined(), 10_000);
  expect(JSON.parse(stub.list(jobs)[0].metadata.annotations[annotation.outcome])).toMatchObject({
    status: 'failed',
    error: { code: 'exit_code', message: 'The job exited with code 1: no such file' },
  });
  const { values } = await metrics.faults.get();
  const ofRecords = values.filter(({ labels }) => 'during' in labels && labels.during === 'record');
  expect(ofRecords.map(({ value }) => value)).toEqual([3]);
});

test('a pod whose image cannot be pulled ends its job, which would otherwise keep its place for ever', async () => {
  const { post, stub, putPod } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  const waiting = { reason: 'ErrImageNeverPull', message: 'there is no image' };
  putPod(id, { phase: 'Pending', containerStatuses: [{ name: 'classify', state: { waiting } }] as never });
  await vi.waitFor(() => expect(stub.list(jobs)[0].spec.activeDeadlineSeconds).toBe(0), 10_000);
  expect(JSON.parse(stub.list(jobs)[0].metadata.annotations[annotation.outcome])).toMatchObject({
    status: 'failed',
    error: { code: 'image_not_found' },
  });
});

test('those that ended first go when there are more than are kept, and no job that has not ended does', async () => {
  const { post, stub, putPod, endJob, index } = await startTestTier({ maxFinished: 2 });
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.push((await post({ dataset: 'mnist' })).json().id);
  // The first to be accepted ran longest.
  for (const [order, id] of [ids[1]!, ids[2]!, ids[3]!, ids[0]!].entries()) {
    putPod(id, terminated(0, JSON.stringify(result), `2026-11-21T03:00:0${order}Z`));
    endJob(id, 'Complete');
  }
  const kept = [ids[0], ids[3], ids[4]];
  await vi.waitFor(() => expect(index.ordered.map(({ id }) => id)).toEqual(kept), 10_000);
  expect(stub.list(jobs)).toHaveLength(3);
});

test('the log of a job that is cancelled is read while its pod is there, and kept', async () => {
  const { post, stub, putPod, endJob, inject, index } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  const log = stub.createLog(`${id}-pod`);
  log.add('as far as it came\n');
  putPod(id, { phase: 'Running' });
  await vi.waitFor(() => expect(index.get(id)!.state.status).toBe('running'));
  const before = log.served.whole;
  await inject({ method: 'DELETE', url: `/free/jobs/${id}` });
  await vi.waitFor(() => expect(log.served.whole).toBeGreaterThan(before));
  stub.faultFor = ({ path }) => (path.endsWith('/log') ? { status: 404 } : undefined);
  stub.remove(pods, `${id}-pod`, undefined);
  endJob(id, 'Failed', 'DeadlineExceeded');
  await vi.waitFor(() => expect(outcomeWrites(stub.calls)).toHaveLength(1), 10_000);
  expect(stub.find(jobs, id).metadata.annotations[annotation.log]).toBe('as far as it came\n');
});

test.each([
  { what: 'a log that cannot be read for a moment is tried again, and kept', faults: 2, kept: 'all of it\n' },
  { what: 'a log that cannot be read at all does not hold the result up for ever', faults: 99, kept: undefined },
])('$what', async ({ faults, kept }) => {
  const { post, stub, putPod, endJob } = await startTestTier();
  const { id } = (await post({ dataset: 'mnist' })).json();
  stub.createLog(`${id}-pod`).add('all of it\n');
  let failed = 0;
  const isLog = (call: StubCall) => call.path.endsWith('/log') && !call.query.has('follow');
  stub.faultFor = (call) => (isLog(call) && failed++ < faults ? { status: 503 } : undefined);
  putPod(id, terminated(0, JSON.stringify(result)));
  endJob(id, 'Complete');
  await vi.waitFor(() => expect(outcomeWrites(stub.calls)).toHaveLength(1), 20_000);
  expect(stub.find(jobs, id).metadata.annotations[annotation.log]).toBe(kept);
  expect(failed).toBe(3);
});
