// The same Jobs as Kubernetes alone runs them: made all at once, none of them suspended.
import { readFileSync } from 'node:fs';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { parse } from 'yaml';
import { jobsPath } from '../../tier_service/jobs/job-paths.ts';

const template = new URL('bench-job-template.yaml', import.meta.url);

/** Makes them one after the other; gives their names in that order. */
export async function createPlainJobs(api: ClusterConnection, namespace: string, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let turn = 1; turn <= count; turn++) {
    const job = parse(readFileSync(template, 'utf8'));
    job.metadata.name = `plain-${String(turn).padStart(4, '0')}`;
    await api.create(jobsPath(namespace), job);
    names.push(job.metadata.name);
  }
  return names;
}
