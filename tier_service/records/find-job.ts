import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { type Clients, problem } from '@ml-job-mesh/http-service';
import { ownerOf } from '../state/annotations.ts';
import { jobPath } from '../state/job-paths.ts';
import { deriveJobState } from '../state/job-state.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { jobNamePrefix, jobNamespaces, type Tier } from '../tier.ts';
import { type JobIndex, type JobRecord, orderKey } from './job-index.ts';

export interface JobSources {
  tier: Tier;
  cluster: ClusterConnection;
  index: JobIndex;
  clients: Clients;
}

/** A Job that another replica may just have made, as a record that no index holds. */
export function recordOf(job: Job): JobRecord {
  const { name, namespace, uid } = job.metadata!;
  return {
    key: orderKey(job),
    id: name!,
    namespace: namespace!,
    uid: uid!,
    job,
    pod: undefined,
    state: deriveJobState(job),
    progress: null,
    progressLine: 0,
  };
}

/**
 * Finds a job in memory or, as another replica may have made it a moment ago, by asking the API server once.
 * @param client whose job it has to be; another's is not told of
 * @throws ServiceError 404 when there is none
 */
export async function findJob(sources: JobSources, id: string, client: string): Promise<JobRecord> {
  const record = sources.index.get(id) ?? (await askCluster(sources, id));
  if (!record || !sources.clients.owns(client, ownerOf(record.job)))
    throw problem('job_not_found', 'there is no job of this id');
  return record;
}

async function askCluster({ tier, cluster }: JobSources, id: string): Promise<JobRecord | undefined> {
  if (!id.startsWith(jobNamePrefix(tier)) || !/^[a-z0-9-]{1,63}$/.test(id)) return undefined;
  const answers = await Promise.all(
    jobNamespaces(tier).map((namespace) => cluster.get<Job>(jobPath({ namespace, id })).catch(absentWhenNotFound)),
  );
  const job = answers.find((answer) => answer !== undefined);
  return job && recordOf(job);
}

function absentWhenNotFound(error: unknown): undefined {
  if (error instanceof KubernetesError && error.status === 404) return undefined;
  throw error;
}
