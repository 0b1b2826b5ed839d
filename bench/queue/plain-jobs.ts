// The same Jobs as Kubernetes alone runs them: none of them suspended.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { jobsPath } from '../../tier_service/state/job-paths.ts';
import { sleepingJob } from '../setup/sleeping-job.ts';

/** Makes them one after the other; gives their names in that order. */
export async function createPlainJobs(api: ClusterConnection, namespace: string, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let turn = 1; turn <= count; turn++) {
    const job = sleepingJob('free', 1);
    const name = `plain-${String(turn).padStart(4, '0')}`;
    await api.create(jobsPath(namespace), { ...job, metadata: { ...job.metadata, name } });
    names.push(name);
  }
  return names;
}
