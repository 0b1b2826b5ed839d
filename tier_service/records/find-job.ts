import { type ClusterConnection, KubernetesError, listCollection } from '@ml-job-mesh/cluster-client';
import { type Clients, problem } from '@ml-job-mesh/http-service';
import { label, ownerOf } from '../state/annotations.ts';
import { jobPath, jobsPath } from '../state/job-paths.ts';
import type { Job, KnownJob } from '../state/kubernetes-objects.ts';
import { jobNamePrefix, jobNamespaces, type Tier } from '../tier.ts';
import type { JobIndex } from './job-index.ts';
import { byAcceptance, type JobRecord, recordOf } from './job-record.ts';
import { keepJob } from './kept-job.ts';

export interface JobSources {
  tier: Tier;
  cluster: ClusterConnection;
  index: JobIndex;
  clients: Clients;
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
  const job = answers.find((answer) => answer !== undefined && isJobOf(tier, answer));
  return job && recordOf(job);
}

/**
 * Lists all jobs of a tier as the API server has them, the oldest first: memory may not have seen yet what was answered
 * a moment ago.
 * @throws KubernetesError
 */
export async function listJobs({ tier, cluster, index }: Omit<JobSources, 'clients'>): Promise<JobRecord[]> {
  const labelSelector = `${label.tier}=${tier.name}`;
  const lists = await Promise.all(
    jobNamespaces(tier).map((namespace) =>
      listCollection<KnownJob>(cluster, { path: jobsPath(namespace), labelSelector, keep: keepJob }),
    ),
  );
  return lists
    .flatMap(({ objects }) => [...objects.values()])
    .filter((job) => isJobOf(tier, job))
    .map((job) => {
      const known = index.get(job.metadata!.name!);
      return known && known.uid === job.metadata!.uid ? known : recordOf(job);
    })
    .sort(byAcceptance);
}

/** False of one that is being deleted, or that somebody has taken out of the tier. */
function isJobOf({ name }: Tier, { metadata }: KnownJob): boolean {
  return metadata?.labels?.[label.tier] === name && !metadata.deletionTimestamp;
}

function absentWhenNotFound(error: unknown): undefined {
  if (error instanceof KubernetesError && error.status === 404) return undefined;
  throw error;
}
