import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { annotation } from './annotations.ts';
import { advance, deriveJobState, saysEnd } from './job-state.ts';
import { type JobState, rankOf } from './job-status.ts';
import type { Job, Pod } from './kubernetes-objects.ts';

const at = '2026-11-21T03:00:00Z';
const end = '2026-11-21T03:00:09Z';
const result = { accuracy: 97.9, test_images: 10_000, seconds: 8.2 };

function job({ suspend = false, annotations = {}, conditions = [] as [string, string?][] } = {}): Job {
  return {
    metadata: { name: 'free-job-template-x', annotations },
    spec: {
      suspend,
      template: {
        spec: {
          containers: [{ name: 'classify', resources: { limits: { memory: '1536Mi' } } }],
          activeDeadlineSeconds: 1800,
        },
      },
    },
    status: {
      conditions: conditions.map(([type, reason]) => ({
        type,
        status: 'True',
        lastTransitionTime: end,
        ...(reason && { reason }),
      })),
    },
  };
}

interface PodSketch {
  phase: string;
  reason?: string;
  deleted?: boolean;
  waiting?: { reason: string; message?: string };
  terminated?: { exitCode: number; reason?: string; message?: string };
  disruption?: string;
}

function pod({ phase, reason, deleted, waiting, terminated, disruption }: PodSketch): Pod {
  const state = {
    ...(waiting && { waiting }),
    ...(terminated && { terminated: { startedAt: at, finishedAt: end, ...terminated } }),
    ...(phase === 'Running' && { running: { startedAt: at } }),
  };
  return {
    metadata: { name: 'p', ...(deleted && { deletionTimestamp: end }) },
    spec: { nodeName: 'node-1', containers: [{ name: 'classify', image: 'ml-job-mesh/model-config:local' }] },
    status: {
      phase,
      ...(reason && { reason }),
      conditions: disruption ? [{ type: 'DisruptionTarget', status: 'True', reason: disruption }] : [],
      containerStatuses: [{ name: 'classify', image: '', imageID: '', ready: false, restartCount: 0, state }],
    },
  };
}

const failed = (terminated: PodSketch['terminated'], more: Partial<PodSketch> = {}) =>
  pod({ phase: 'Failed', ...(terminated && { terminated }), ...more });
const state = (status: JobState['status'], more: Partial<JobState> = {}): JobState => ({
  status,
  startedAt: null,
  finishedAt: null,
  result: null,
  error: null,
  ...more,
});
const failure = (code: string, message: string, more: Partial<JobState> = {}) =>
  state('failed', { finishedAt: end, error: { code, message }, ...more });
const ran = { startedAt: at };

describe('what a Job and its pod are seen as', () => {
  const cancelled = { [annotation.cancelled]: end };
  const succeededPod = pod({ phase: 'Succeeded', terminated: { exitCode: 0, message: JSON.stringify(result) } });
  const outcome = (status: string) => ({
    [annotation.outcome]: JSON.stringify({ status, startedAt: at, finishedAt: end, result, error: null }),
  });

  test.each<[string, Job, Pod | undefined, JobState]>([
    ['suspended, never resumed', job({ suspend: true }), undefined, state('queued')],
    ['resumed, no pod yet', job(), undefined, state('starting')],
    ['suspended again', job({ suspend: true, annotations: { [annotation.admitted]: at } }), undefined, state('queued')],
    [
      'suspended, its pod being deleted',
      job({ suspend: true }),
      pod({ phase: 'Running', deleted: true }),
      state('queued'),
    ],
    ['suspended, its pod not being deleted', job({ suspend: true }), pod({ phase: 'Running' }), state('running', ran)],
    [
      'suspended when it had succeeded',
      job({ suspend: true }),
      succeededPod,
      state('succeeded', { ...ran, finishedAt: end, result }),
    ],
    ['pod pending', job(), pod({ phase: 'Pending' }), state('starting')],
    [
      'pod cannot have its image yet',
      job(),
      pod({ phase: 'Pending', waiting: { reason: 'ErrImagePull' } }),
      state('starting'),
    ],
    ['pod running', job(), pod({ phase: 'Running' }), state('running', ran)],
    [
      'pod succeeded, Job not yet complete',
      job(),
      succeededPod,
      state('succeeded', { ...ran, finishedAt: end, result }),
    ],
    [
      'Job complete',
      job({ conditions: [['Complete']] }),
      succeededPod,
      state('succeeded', { ...ran, finishedAt: end, result }),
    ],
    ['Job complete, pod gone', job({ conditions: [['Complete']] }), undefined, state('succeeded', { finishedAt: end })],
    [
      'pod failed while it was being deleted',
      job(),
      failed({ exitCode: 143 }, { deleted: true }),
      state('running', ran),
    ],
    [
      'cancelled while queued',
      job({ suspend: true, annotations: cancelled }),
      undefined,
      state('cancelled', { finishedAt: end }),
    ],
    [
      'cancelled while running',
      job({ annotations: cancelled }),
      pod({ phase: 'Running' }),
      state('cancelled', { ...ran, finishedAt: end }),
    ],
    [
      'cancelled and over',
      job({ annotations: cancelled, conditions: [['Failed', 'DeadlineExceeded']] }),
      undefined,
      state('cancelled', { finishedAt: end }),
    ],
    [
      'recorded as succeeded, pod gone',
      job({ annotations: outcome('succeeded') }),
      undefined,
      state('succeeded', { ...ran, finishedAt: end, result }),
    ],
    [
      'recorded, whatever the Job says later',
      job({ annotations: { ...cancelled, ...outcome('succeeded') } }),
      undefined,
      state('succeeded', { ...ran, finishedAt: end, result }),
    ],
    [
      'an outcome that cannot be read',
      job({ annotations: { [annotation.outcome]: '{"status":"done"' } }),
      undefined,
      state('starting'),
    ],
    [
      'out of memory',
      job(),
      failed({ exitCode: 137, reason: 'OOMKilled' }),
      failure('out_of_memory', 'The job used more than its 1536Mi of memory.', ran),
    ],
    [
      'deadline',
      job(),
      failed({ exitCode: 143 }, { reason: 'DeadlineExceeded' }),
      failure('deadline_exceeded', 'The job ran longer than its 1800 seconds.', ran),
    ],
    [
      'image not found, the Job ended',
      job({ conditions: [['Failed', 'BackoffLimitExceeded']] }),
      pod({ phase: 'Pending', waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }),
      failure('image_not_found', 'The image ml-job-mesh/model-config:local could not be pulled: no such image'),
    ],
    [
      'command not found',
      job(),
      failed({ exitCode: 128, reason: 'StartError', message: 'exec: "pyton": not found' }),
      failure('start_error', 'The container could not be started: exec: "pyton": not found', ran),
    ],
    [
      'non-zero exit with its last line',
      job(),
      failed({ exitCode: 3, message: 'first\nlast words\n' }),
      failure('exit_code', 'The job exited with code 3: last words', ran),
    ],
    ['non-zero exit, silent', job(), failed({ exitCode: 1 }), failure('exit_code', 'The job exited with code 1', ran)],
    [
      "the job's own words",
      job(),
      failed({ exitCode: 2, message: '{"error":{"code":"dataset_missing","message":"kmnist is not there"}}' }),
      failure('dataset_missing', 'kmnist is not there', ran),
    ],
    [
      'node shut down',
      job(),
      failed({ exitCode: 143 }, { reason: 'Terminated' }),
      failure('node_shutdown', 'The node node-1 was shut down while the job ran.', ran),
    ],
    [
      'node lost',
      job({ conditions: [['Failed', 'BackoffLimitExceeded']] }),
      pod({ phase: 'Running', deleted: true, disruption: 'DeletionByTaintManager' }),
      failure('node_lost', 'The node node-1 was lost, or tainted, while the job ran.', ran),
    ],
    [
      'evicted',
      job(),
      failed(undefined, { reason: 'Evicted' }),
      failure('evicted', 'The node evicted the job: ', { finishedAt: null }),
    ],
    [
      'Job failed, pod gone',
      job({ conditions: [['Failed', 'BackoffLimitExceeded']] }),
      undefined,
      failure('pod_lost', "The job's pod is gone, and nothing says how it ended."),
    ],
  ])('%s', (_, seenJob, seenPod, expected) => {
    expect(deriveJobState(seenJob, seenPod)).toEqual(expected);
  });
});

test('whatever is seen of a Job and its pod, in whatever order, a status only moves forward and an end is final, unless the Job says another', () => {
  const anyJob = fc.record({
    suspend: fc.boolean(),
    annotations: fc.constantFrom<Record<string, string>>(
      {},
      { [annotation.admitted]: at },
      { [annotation.cancelled]: end },
      { [annotation.outcome]: JSON.stringify({ status: 'failed', finishedAt: end }) },
    ),
    conditions: fc.constantFrom<[string, string?][]>(
      [],
      [],
      [['Complete']],
      [['Failed', 'DeadlineExceeded']],
      [['FailureTarget']],
    ),
  });
  const anyPod = fc.option(
    fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
      deleted: fc.boolean(),
      terminated: fc.constantFrom({ exitCode: 0, message: JSON.stringify(result) }, { exitCode: 1 }),
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(anyJob, anyPod), { minLength: 1, maxLength: 12 }), (observations) => {
      let known: JobState | undefined;
      for (const [jobSketch, podSketch] of observations) {
        const seenJob = job(jobSketch);
        const observed = deriveJobState(seenJob, podSketch && pod(podSketch));
        const next = advance(known, observed, saysEnd(seenJob));
        if (known) expect(rankOf(next.status)).toBeGreaterThanOrEqual(rankOf(known.status));
        if (saysEnd(seenJob)) expect([next.status, next.finishedAt]).toEqual([observed.status, observed.finishedAt]);
        else if (known) {
          if (rankOf(known.status) === 3) expect(next.status).toBe(known.status);
          if (known.result) expect(next.result).toEqual(known.result);
          if (known.finishedAt) expect(next.finishedAt).toBe(known.finishedAt);
        }
        known = next;
      }
    }),
  );
});

describe('an end that another replica saw otherwise', () => {
  const outcome = { status: 'cancelled', startedAt: at, finishedAt: end, result: null, error: null };
  const succeeded = state('succeeded', { ...ran, finishedAt: '2026-11-21T03:00:08Z', result });
  const see = (known: JobState, annotations: Record<string, string>, more: Parameters<typeof job>[0] = {}) => {
    const seenJob = job({ ...more, annotations });
    return advance(known, deriveJobState(seenJob), saysEnd(seenJob));
  };

  test('gives way to the outcome that is recorded on the Job', () => {
    expect(see(succeeded, { [annotation.outcome]: JSON.stringify(outcome) })).toEqual(outcome);
  });

  test('gives way to a cancellation while no outcome is recorded', () => {
    expect(see(succeeded, { [annotation.cancelled]: end })).toEqual(state('cancelled', { ...ran, finishedAt: end }));
  });

  test('stays where the Job only has another condition', () => {
    expect(see(succeeded, {}, { conditions: [['Failed']] })).toEqual(succeeded);
  });

  test('takes the times that are recorded, and keeps what they leave out', () => {
    const recorded = { [annotation.outcome]: JSON.stringify({ status: 'succeeded', finishedAt: end }) };
    expect(see(succeeded, recorded)).toEqual({ ...succeeded, finishedAt: end });
  });
});
