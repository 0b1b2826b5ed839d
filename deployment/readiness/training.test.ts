import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { type TrainingWait, waitForTraining } from './training.ts';

interface Moment {
  status?: V1Job['status'];
  pods?: V1Pod[];
  log?: string;
  /** Why the cluster does not answer. */
  fault?: string;
}

const pod = (name: string, createdAt: string, status: V1Pod['status'] = {}): V1Pod => ({
  metadata: { namespace: 'ml-pipeline', name, creationTimestamp: createdAt as never },
  status,
});
const running = [pod('second', '2026-11-21T10:01:00Z'), pod('first', '2026-11-21T10:00:00Z')];
const complete = {
  conditions: [{ type: 'Complete', status: 'True' }],
  startTime: '2026-11-21T10:00:00Z',
  completionTime: '2026-11-21T10:01:30Z',
};

/** Waits in a cluster that is, at each look at the Job, as the next of these moments says; the last one stays. */
async function waitThrough(moments: Moment[], withinMs = 60_000) {
  let now: Moment = {};
  const said: string[] = [];
  const asked: string[] = [];
  const wait: TrainingWait = {
    read: async (path) => {
      if (path.includes('/jobs/')) now = moments.length > 1 ? moments.shift()! : moments[0]!;
      if (now.fault) throw new Error(now.fault);
      return (path.includes('/jobs/') ? { status: now.status } : { items: now.pods ?? [] }) as never;
    },
    readText: async (path) => {
      asked.push(path);
      if (now.log === undefined) throw new Error('the container has not started');
      return now.log;
    },
    say: (text) => said.push(text),
    signal: new AbortController().signal,
    withinMs,
    pollMs: 1,
  };
  const outcome = await waitForTraining(wait).catch((error: Error) => error.message);
  return { outcome, said, asked };
}

test('waits until the Job has succeeded, telling what its newest pod said last', async () => {
  const { outcome, said, asked } = await waitThrough([
    {},
    { pods: running },
    { pods: running, log: 'Epoch [1/5], Step [100/600], Loss: 0.2846\n' },
    { status: complete as never },
  ]);
  expect(outcome).toBe(90_000);
  expect(said).toEqual([
    'waiting for the pod of ml-training-job',
    'waiting for the pod of ml-training-job',
    'Epoch [1/5], Step [100/600], Loss: 0.2846',
  ]);
  expect(asked.at(-1)).toBe('/api/v1/namespaces/ml-pipeline/pods/second/log?tailLines=1');
});

test.each([
  [
    '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
    'waiting for the volume of ml-training-job (claim ml-pipeline-storage)',
  ],
  [
    '0/2 nodes are available: 2 Insufficient memory.',
    'waiting for the pod of ml-training-job: ml-pipeline/first: 0/2 nodes are available: 2 Insufficient memory.',
  ],
])('tells why its pod is on no node: %s', async (message, expected) => {
  const condition = { type: 'PodScheduled', status: 'False', message };
  const waiting = [pod('first', '2026-11-21T10:00:00Z', { conditions: [condition] })];
  const { said } = await waitThrough([{ pods: waiting }, { status: complete as never }]);
  expect(said).toEqual([expected]);
});

test('gives up with the last lines of a Job that has failed', async () => {
  const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too many failures' };
  const log = 'Epoch [1/5], Step [100/600], Loss: 0.2846\nerror: the volume is full\n';
  const { outcome, said } = await waitThrough([{ status: { conditions: [failed] }, pods: running, log }]);
  expect(said).toEqual([]);
  expect(outcome).toBe(
    'ml-training-job has failed (BackoffLimitExceeded: too many failures). Its last lines:\n' +
      '  Epoch [1/5], Step [100/600], Loss: 0.2846\n  error: the volume is full',
  );
});

test('gives up in time, saying that the Job goes on', async () => {
  const { outcome } = await waitThrough([{ pods: running, log: 'Epoch [2/5]\n' }], 0);
  expect(outcome).toBe(
    'ml-training-job is not done after 0.0 s; it goes on in the cluster, and running this again waits for it. ' +
      'Its last lines:\n  Epoch [2/5]',
  );
});

test('goes on when the cluster gives no answer for a moment', async () => {
  const { outcome, said } = await waitThrough([{ fault: 'connection refused' }, { status: complete as never }]);
  expect(outcome).toBe(90_000);
  expect(said).toEqual(['the cluster gave no answer, asking again (1 of 4): connection refused']);
});
