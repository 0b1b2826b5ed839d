import { type Static, Type } from 'typebox';
import type { JobRecord } from '../records/job-record.ts';
import { acceptedAt, datasetOf, label } from '../state/annotations.ts';
import { datasets } from '../state/datasets.ts';
import { JobFailure } from '../state/failure.ts';
import { statuses } from '../state/job-status.ts';
import type { KnownJob } from '../state/kubernetes-objects.ts';
import { Progress } from '../state/progress-line.ts';
import { JobResult } from '../state/termination-message.ts';
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
    epochs: orNull(Type.Integer({ description: 'Passes over the training images that were asked for.' })),
    pretrained: orNull(Type.Boolean({ description: 'Whether it evaluates the network that the image carries.' })),
    status: Type.Enum([...statuses], {
      description: 'Moves only forward, unless an operator suspends its Kubernetes Job: then it waits again.',
    }),
    queue_position: orNull(Type.Integer({ minimum: 1, description: '1 for the next to start.' })),
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

/**
 * The job that a client is shown.
 * @param queuePosition 1 for the next to start; null for one that does not wait
 */
export function viewJob(tier: ViewedTier, record: Viewed, queuePosition: number | null): Job {
  const { status, startedAt, finishedAt, result, error } = record.state;
  return {
    id: record.id,
    tier: tier.name,
    dataset: datasetOf(record.job),
    model: tier.model,
    ...choicesOf(record.job),
    status,
    queue_position: queuePosition,
    created_at: acceptedAt(record.job),
    started_at: startedAt,
    finished_at: finishedAt,
    progress: status === 'running' ? record.progress : null,
    result,
    error,
  };
}

/** The choices that a Job's labels tell; null for a Job that was made by other means and carries none. */
function choicesOf({ metadata }: KnownJob): Pick<Job, 'epochs' | 'pretrained'> {
  const { [label.epochs]: epochs = '', [label.pretrained]: pretrained } = metadata?.labels ?? {};
  return {
    epochs: /^\d{1,3}$/.test(epochs) ? Number(epochs) : null,
    pretrained: pretrained === undefined ? null : pretrained === 'true',
  };
}
