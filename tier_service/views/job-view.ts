import { type Static, Type } from 'typebox';
import type { JobRecord } from '../records/job-record.ts';
import { acceptedAt, choicesOf, datasetOf } from '../state/annotations.ts';
import { datasets } from '../state/datasets.ts';
import { JobFailure } from '../state/failure.ts';
import { statuses } from '../state/job-status.ts';
import { Progress } from '../state/progress.ts';
import { JobResult } from '../state/termination-message.ts';
import { WaitingReason } from '../state/waiting.ts';
import { tierNames } from '../tier-names.ts';

const Time = Type.String({ format: 'date-time' });
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** A job as clients see it; what is not known yet is null. */
export const Job = Type.Object(
  {
    id: Type.String({ description: "The Job's name." }),
    tier: Type.Enum([...tierNames]),
    dataset: Type.Enum([...datasets]),
    model: Type.Enum(['ff', 'cnn']),
    epochs: orNull(Type.Integer({ description: 'How many passes over the training images were asked for.' })),
    pretrained: orNull(
      Type.Boolean({ description: 'Whether it evaluates the trained network in the image instead of training one.' }),
    ),
    status: Type.Enum([...statuses], {
      description: 'Moves only forward, unless an operator suspends its Kubernetes Job: then it waits again.',
    }),
    queue_position: orNull(Type.Integer({ minimum: 1, description: '1 for the next to start.' })),
    estimated_start_at: orNull(
      Type.String({
        format: 'date-time',
        description: 'When a queued job will probably start, judged by how long the last jobs took.',
      }),
    ),
    waiting_reason: orNull(WaitingReason),
    created_at: Time,
    started_at: orNull(Time),
    finished_at: orNull(Time),
    progress: orNull(Progress),
    result: orNull(JobResult),
    error: orNull(JobFailure),
  },
  { title: 'Job' },
);
export type Job = Static<typeof Job>;

/** What the answer to a POST says besides the job. */
export const SubmittedJob = Type.Object(
  { job_name: Type.String(), namespace: Type.String(), ...Job.properties },
  { title: 'SubmittedJob' },
);

export type ViewedTier = { name: Job['tier']; model: Job['model'] };
type Viewed = Pick<JobRecord, 'id' | 'job' | 'state' | 'progress'>;

/** What is known of a job that waits; all null for one that does not. */
export interface Waiting {
  /** 1 for the next to start. */
  position: number | null;
  /** When it will start, RFC 3339. */
  estimatedStart: string | null;
  reason: WaitingReason | null;
}

const notWaiting: Waiting = { position: null, estimatedStart: null, reason: null };

/** The job that a client is shown. */
export function viewJob(tier: ViewedTier, record: Viewed, waiting: Waiting = notWaiting): Job {
  const { status, startedAt, finishedAt, result, error } = record.state;
  return {
    id: record.id,
    tier: tier.name,
    dataset: datasetOf(record.job),
    model: tier.model,
    ...choicesOf(record.job),
    status,
    queue_position: waiting.position,
    estimated_start_at: waiting.estimatedStart,
    waiting_reason: waiting.reason,
    created_at: acceptedAt(record.job),
    started_at: startedAt,
    finished_at: finishedAt,
    progress: status === 'running' ? record.progress : null,
    result,
    error,
  };
}
