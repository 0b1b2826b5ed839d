import { setTimeout } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';
import { problem } from '@ml-job-mesh/http-service';
import { repeatWithinMs } from '../repeat-limit.ts';
import { annotation } from '../state/annotations.ts';
import { jobPath, jobsPath } from '../state/job-paths.ts';
import type { Job } from '../state/kubernetes-objects.ts';

/** How long one request to the API server may take. */
const timeoutMs = 3_000;

/** The Job of a request. */
export interface Submitted {
  job: Job;
  /** Whether an earlier request made it. */
  isRepeat: boolean;
}

export interface CreateJobOptions {
  /** How often the request is made at most. */
  attempts: number;
  /** Whether the client has left, so that nobody would learn of a Job that is made now. */
  isGone: () => boolean;
}

/**
 * Makes a Job whose name was chosen before, so that a request whose answer was lost can be made again without making a
 * second Job.
 * @returns the Job that is there then: another request may have made it
 * @throws ServiceError 503 while a Job of this name is being deleted
 * @throws KubernetesError when the API server did not take it
 */
export async function createJob(
  cluster: ClusterConnection,
  job: Job,
  { attempts, isGone }: CreateJobOptions,
): Promise<Submitted> {
  const { namespace, name } = job.metadata as { namespace: string; name: string };
  const backoff = createBackoff({ firstMs: 50, maxMs: 1_000 });
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt++) {
    if (isGone()) throw problem('cluster_unavailable', 'the client left before the Kubernetes API took the job');
    try {
      const metadata = await cluster.createForMetadata<Job['metadata'] & object>(jobsPath(namespace), job, {
        timeoutMs,
      });
      return { job: { ...job, metadata }, isRepeat: false };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      const existing = error.reason === 'AlreadyExists' ? await readJob(cluster, namespace, name) : undefined;
      if (existing) return { job: existing, isRepeat: !isSameAttempt(existing, job) };
      const isGoing = error.reason === 'AlreadyExists';
      const mayRepeat = error.isUnavailable || error.reason === 'Conflict' || isGoing;
      if (!mayRepeat || attempt >= attempts || performance.now() - startedAt > repeatWithinMs) {
        throw isGoing ? beingDeleted(error) : error;
      }
      await setTimeout(backoff.nextMs());
    }
  }
}

/** True of a Job that this very request made: its answer was lost. */
function isSameAttempt(existing: Job, { metadata }: Job): boolean {
  const names = [annotation.accepted, annotation.requestId];
  return names.every((name) => existing.metadata?.annotations?.[name] === metadata?.annotations?.[name]);
}

function beingDeleted(cause: KubernetesError) {
  const detail = 'the job of this idempotency key is being deleted; please repeat the request';
  return problem('cluster_unavailable', detail, { retryAfterSeconds: 2, cause });
}

/** The Job as the API server has it now; undefined where there is none, or it is being deleted. */
export async function readJob(cluster: ClusterConnection, namespace: string, id: string): Promise<Job | undefined> {
  try {
    const job = await cluster.get<Job>(jobPath({ namespace, id }), { timeoutMs });
    return job.metadata?.deletionTimestamp ? undefined : job;
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 404) return undefined;
    throw error;
  }
}
