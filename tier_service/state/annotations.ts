import type { Dataset } from './datasets.ts';
import type { KnownJob } from './kubernetes-objects.ts';

/** What the tiers write on their Jobs. The cluster is the only store, so this is all that is remembered of a job. */
export const label = {
  tier: 'ml-job-mesh.io/tier',
  dataset: 'ml-job-mesh.io/dataset',
  epochs: 'ml-job-mesh.io/epochs',
  pretrained: 'ml-job-mesh.io/pretrained',
} as const;

export const annotation = {
  /** When the job was accepted: a hybrid logical clock's stamp, see `stamp-clock.ts`. */
  accepted: 'ml-job-mesh.io/accepted',
  /** The id of the HTTP request that made the Job. */
  requestId: 'ml-job-mesh.io/request-id',
  /** Hash of the normalised request, for a repeat under the same idempotency key. */
  requestHash: 'ml-job-mesh.io/request-hash',
  /** The API key's name, where keys are on. */
  client: 'ml-job-mesh.io/client',
  /** When the job was given its place, RFC 3339 with milliseconds. */
  admitted: 'ml-job-mesh.io/admitted-at',
  /** When its cancellation was asked for, RFC 3339. */
  cancelled: 'ml-job-mesh.io/cancelled-at',
  /** How the job ended, as JSON; written once. */
  outcome: 'ml-job-mesh.io/outcome',
  /** The end of its log, written with its outcome. The tiers do not keep it in memory. */
  log: 'ml-job-mesh.io/log',
} as const;

/** The client that made a Job: its API key's name, empty where keys are off. */
export function ownerOf(job: KnownJob): string | undefined {
  return job.metadata?.annotations?.[annotation.client];
}

export function datasetOf(job: KnownJob): Dataset {
  return job.metadata?.labels?.[label.dataset] as Dataset;
}

/** The other choices that a Job's labels tell; null for a Job that was made by other means and carries none. */
export function choicesOf({ metadata }: KnownJob): { epochs: number | null; pretrained: boolean | null } {
  const { [label.epochs]: epochs = '', [label.pretrained]: pretrained } = metadata?.labels ?? {};
  return {
    epochs: /^\d{1,3}$/.test(epochs) ? Number(epochs) : null,
    pretrained: pretrained === undefined ? null : pretrained === 'true',
  };
}

/** A stamp is made before its Job, by a request that may be repeated for some seconds, in milliseconds. */
const stampedBefore = { atMostMs: 15_000, atLeastMs: -2_000 };

/**
 * When a job was accepted, RFC 3339: its stamp's time, which is finer than the API server's whole seconds, unless it
 * is too far from those to be true.
 */
export function acceptedAt(job: KnownJob): string {
  const { annotations, creationTimestamp } = job.metadata!;
  const stampMs = Number(annotations?.[annotation.accepted]) / 1_000;
  const beforeMs = Date.parse(creationTimestamp!) - stampMs;
  return beforeMs <= stampedBefore.atMostMs && beforeMs >= stampedBefore.atLeastMs
    ? new Date(stampMs).toISOString()
    : creationTimestamp!;
}
