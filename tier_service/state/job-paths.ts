import type { Pod } from './kubernetes-objects.ts';

/** Where the Jobs of a namespace are in the Kubernetes API. */
export function jobsPath(namespace: string): string {
  return `/apis/batch/v1/namespaces/${namespace}/jobs`;
}

/** Where a job's Job is. */
export function jobPath({ namespace, id }: { namespace: string; id: string }): string {
  return `${jobsPath(namespace)}/${id}`;
}

/** Where the pods of a namespace are. */
export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

/** Where the log of a job's pod is read. */
export function logPath({ namespace, pod }: { namespace: string; pod: Pod | undefined }): string {
  return `${podsPath(namespace)}/${pod?.metadata?.name}/log`;
}
