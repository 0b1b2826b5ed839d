import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { problem, type ServiceError } from '@ml-job-mesh/http-service';
import type { JobIndex } from '../records/job-index.ts';
import type { StampClock } from '../records/stamp-clock.ts';
import { annotation, ownerOf } from '../state/annotations.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { jobNamePrefix, type Tier } from '../tier.ts';
import type { QueueEstimate } from '../views/queue-estimate.ts';
import { createJob, readJob, type Submitted } from './create-job.ts';
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
  /** How many of them may be one client's, where API keys are on. */
  maxUnfinishedPerClient: number;
  /** How often a request to the API server is made at most. */
  attempts?: number;
}

/** Makes the function that turns an accepted request into a Job. */
export function createSubmitter(options: SubmitterOptions) {
  const { tier, template, cluster, index, clock, estimate, attempts = 4 } = options;
  const { maxUnfinished, maxUnfinishedPerClient } = options;
  const prefix = jobNamePrefix(tier);
  /** Names whose Job was made or is being made, and that the watch has not shown yet, with the client of each. */
  const unseen = new Map<string, string>();
  index.onChange(({ id }, change) => {
    // That the former Job of the name has gone says nothing of the new one.
    if (change !== 'removed') unseen.delete(id);
  });

  function countUnfinished(client: string): number {
    const seen = [...index.queue, ...index.starting, ...index.running].filter(({ job }) => ownerOf(job) === client);
    return seen.length + [...unseen.values()].filter((owner) => owner === client).length;
  }

  /** What to tell a client whose job is not taken now; undefined where it is. Without API keys all are one client. */
  function refusalFor(client: string): ServiceError | undefined {
    const retryAfterSeconds = estimate.secondsUntilRoom();
    if (index.unfinished() + unseen.size >= maxUnfinished) {
      const detail = `there are ${maxUnfinished} unfinished jobs, which is as many as are taken`;
      return problem('queue_full', detail, { retryAfterSeconds });
    }
    if (client === '' || countUnfinished(client) < maxUnfinishedPerClient) return undefined;
    const detail = `you have ${maxUnfinishedPerClient} unfinished jobs, which is as many as one client may have`;
    return problem('too_many_jobs', detail, { retryAfterSeconds });
  }

  function checkRoom(client: string): void {
    const refusal = refusalFor(client);
    if (refusal) throw refusal;
  }

  async function make(submission: Submission, name: string): Promise<Submitted> {
    const { choices, namespace, requestId, client, isGone = () => false } = submission;
    const suspend = tier.admission === 'queued';
    const identity = {
      name,
      namespace,
      suspend,
      accepted: clock.next(),
      requestId,
      requestHash: hashOf(choices),
      client,
    };
    unseen.set(name, client);
    try {
      return await createJob(cluster, buildJob(template, choices, identity), { attempts, isGone });
    } finally {
      if (index.get(name)) unseen.delete(name);
      // A Job that was made is seen within moments; a name that led to nothing must not count for ever.
      else setTimeout(() => unseen.delete(name), 5_000).unref();
    }
  }

  /**
   * What memory says of a key may be out of date, so the API server is asked; it is, too, where the queue is full, since
   * a repeat needs no room.
   */
  async function submitOnce(submission: Submission, name: string): Promise<Submitted> {
    const { namespace, client } = submission;
    const mayExist = index.get(name) !== undefined || refusalFor(client) !== undefined;
    const earlier = mayExist ? await readJob(cluster, namespace, name) : undefined;
    if (!earlier) checkRoom(client);
    const submitted = earlier ? { job: earlier, isRepeat: true } : await make(submission, name);
    const { annotations } = submitted.job.metadata!;
    if (annotations?.[annotation.requestHash] !== hashOf(submission.choices))
      throw problem('key_reused', 'this idempotency key was used for another request; use a new key for a new request');
    return submitted;
  }

  /**
   * Makes the Job of a request, or finds the one that an earlier request with the same idempotency key made.
   * @throws ServiceError 422 when that one was another request; 429 when there are too many unfinished jobs, in all or of this client
   * @throws KubernetesError when the API server did not take it
   */
  return async function submit(submission: Submission): Promise<Submitted> {
    const { namespace, client, idempotencyKey: key } = submission;
    if (key !== undefined) {
      const name = keyedJobName(prefix, await readNamespaceUid(cluster, namespace), { client, key });
      return submitOnce(submission, name);
    }
    checkRoom(client);
    return make(submission, randomJobName(prefix));
  };
}

/** Asked for each time: a namespace that was deleted and made again has another. */
async function readNamespaceUid(cluster: ClusterConnection, namespace: string): Promise<string> {
  const { metadata } = await cluster.get<{ metadata: { uid: string } }>(`/api/v1/namespaces/${namespace}`);
  return metadata.uid;
}
