import { setTimeout } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';
import { problem } from '@ml-job-mesh/http-service';
import { repeatWithinMs } from '../repeat-limit.ts';
import { annotation } from '../state/annotations.ts';
import { jobPath } from '../state/job-paths.ts';
import { deriveJobState } from '../state/job-state.ts';
import { hasEnded, type JobState } from '../state/job-status.ts';
import type { Job, Pod } from '../state/kubernetes-objects.ts';
import { endJob } from './end-job.ts';

export interface Cancellable {
  id: string;
  namespace: string;
  job: Job;
  pod: Pod | undefined;
  state: JobState;
}

/**
 * Cancels a job, queued or running; it stays as its own record. One that was cancelled before is no error.
 * @returns the Job as it is then
 * @throws ServiceError 409 when it ended otherwise
 * @throws KubernetesError when the API server did not take it
 */
export async function cancelJob(
  cluster: ClusterConnection,
  target: Cancellable,
  now: () => Date = () => new Date(cluster.now()),
): Promise<Job> {
  const backoff = createBackoff({ firstMs: 20, maxMs: 500 });
  const startedAt = performance.now();
  let { job, state } = target;
  for (let attempt = 1; ; attempt++) {
    if (state.status === 'cancelled') return job;
    if (hasEnded(state.status))
      throw problem('job_ended', `the job has ${state.status}; what has ended cannot be cancelled`);
    try {
      return await endJob(cluster, { ...target, job }, { [annotation.cancelled]: now().toISOString() });
    } catch (error) {
      const mayRepeat = error instanceof KubernetesError && (error.status === 409 || error.isUnavailable);
      if (!mayRepeat || attempt >= 8 || performance.now() - startedAt > repeatWithinMs) throw error;
      await setTimeout(backoff.nextMs());
      // It changed meanwhile, or the answer was lost: look at what it is now.
      job = await cluster.get<Job>(jobPath(target));
      state = deriveJobState(job, target.pod);
    }
  }
}
