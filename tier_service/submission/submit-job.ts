import { setTimeout } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';
import { problem } from '@ml-job-mesh/http-service';
import type { JobIndex } from '../records/job-index.ts';
import type { StampClock } from '../records/stamp-clock.ts';
import { repeatWithinMs } from '../repeat-limit.ts';
import { annotation } from '../state/annotations.ts';
import { jobPath, jobsPath } from '../state/job-paths.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { jobNamePrefix, type Tier } from '../tier.ts';
import type { QueueEstimate } from '../views/queue-estimate.ts';
import { buildJob } from './job-builder.ts';
import { keyedJobName, randomJobName } from './job-name.ts';
import { hashOf, type JobChoices } from './job-request.ts';

export interface Submission {
  choices: JobChoices;
  namespace: string;
  requestId: string;
  /** The API key's name; empty where keys are off. */
  client: string;
  idempotencyKey?: string | undefined;
  /** Whether whoever asked has gone; nothing more is sent then. */
  isGone?: () => boolean;
}

export interface SubmitterOptions {
  tier: Tier;
  template: Job;
  cluster: ClusterConnection;
  index: JobIndex;
  clock: StampClock;
  estimate: QueueEstimate;
  /** How many jobs may be unfinished at a time. */
  maxUnfinished: number;
  /** How often a request to the API server is made at most. */
  attempts?: number;
}

/** Makes the function that turns an accepted request into a Job. */
export function createSubmitter(options: SubmitterOptions) {
  const { tier, template, cluster, index, clock, estimate, maxUnfinished, attempts = 4 } = options;
  const prefix = jobNamePrefix(tier);
  const namespaceUids = new Map<string, Promise<string>>();
  /** Names whose Job was made or is being made, and that the watch has not shown yet. */
  const unseen = new Set<string>();
  index.onChange(({ id }) => unseen.delete(id));

  function namespaceUid(namespace: string): Promise<string> {
    let uid = namespaceUids.get(namespace);
    if (!uid) {
      uid = cluster
        .get<{ metadata: { uid: string } }>(`/api/v1/namespaces/${namespace}`)
        .then(({ metadata }) => metadata.uid);
      uid.catch(() => namespaceUids.delete(namespace));
      namespaceUids.set(namespace, uid);
    }
    return uid;
  }

  function checkRoom(): void {
    if (index.unfinished() + unseen.size < maxUnfinished) return;
    throw problem('queue_full', `there are ${maxUnfinished} unfinished jobs, which is as many as are taken`, {
      retryAfterSeconds: estimate.secondsUntilRoom(),
    });
  }

  /** The name is chosen here, so a request whose answer was lost can be made again without making a second Job. */
  async function create(job: Job, isGone: () => boolean): Promise<Job> {
    const backoff = createBackoff({ firstMs: 50, maxMs: 1_000 });
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      if (isGone()) throw problem('cluster_unavailable', 'the client left before the Kubernetes API took the job');
      try {
        const path = jobsPath(job.metadata!.namespace!);
        const metadata = await cluster.createForMetadata<Job['metadata'] & object>(path, job, { timeoutMs: 3_000 });
        return { ...job, metadata };
      } catch (error) {
        if (!(error instanceof KubernetesError)) throw error;
        const name = job.metadata!.name!;
        if (error.reason === 'AlreadyExists') return await readBack(job.metadata!.namespace!, name);
        const mayRepeat = error.isUnavailable || error.reason === 'Conflict';
        if (!mayRepeat || attempt >= attempts || performance.now() - startedAt > repeatWithinMs) throw error;
        await setTimeout(backoff.nextMs());
      }
    }
  }

  function readBack(namespace: string, id: string): Promise<Job> {
    return cluster.get<Job>(jobPath({ namespace, id }), { timeoutMs: 3_000 });
  }

  /**
   * Makes the Job of a request, or finds the one that an earlier request with the same idempotency key made.
   * @throws ServiceError 422 when that one was another request; 429 when there are too many unfinished jobs
   * @throws KubernetesError when the API server did not take it
   */
  return async function submit(submission: Submission): Promise<Job> {
    const { choices, namespace, requestId, client, idempotencyKey, isGone = () => false } = submission;
    const requestHash = hashOf(choices);
    const name =
      idempotencyKey === undefined
        ? randomJobName(prefix)
        : keyedJobName(prefix, await namespaceUid(namespace), { client, key: idempotencyKey });
    const known = index.get(name)?.job;
    if (known) return checkSameRequest(known, requestHash);
    checkRoom();
    const suspend = tier.admission === 'queued';
    const identity = { name, namespace, suspend, accepted: clock.next(), requestId, requestHash, client };
    unseen.add(name);
    try {
      return checkSameRequest(await create(buildJob(template, choices, identity), isGone), requestHash);
    } finally {
      if (index.get(name)) unseen.delete(name);
      // A Job that was made is seen within moments; a name that led to nothing must not count for ever.
      else global.setTimeout(() => unseen.delete(name), 5_000).unref();
    }
  };
}

function checkSameRequest(job: Job, requestHash: string): Job {
  if (job.metadata?.annotations?.[annotation.requestHash] === requestHash) return job;
  throw problem('key_reused', 'this idempotency key was used for another request; use a new key for a new request');
}
