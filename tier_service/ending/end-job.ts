import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { jobPath } from '../state/job-paths.ts';
import type { Job } from '../state/kubernetes-objects.ts';

/**
 * Ends a Job for good, waiting or running: with a deadline of 0 s and not suspended, the Job controller makes no
 * further pod, deletes the one there is, and the Job finishes and stays as its own record.
 * @param annotations what is written on the Job in the same patch
 * @throws KubernetesError; 409 when the Job is not as it was seen
 */
export function endJob(
  cluster: ClusterConnection,
  { id, namespace, job }: { id: string; namespace: string; job: Job },
  annotations: Record<string, string>,
): Promise<Job> {
  const { uid, resourceVersion } = job.metadata!;
  return cluster.patch<Job>(jobPath({ id, namespace }), {
    metadata: { uid, resourceVersion, annotations },
    spec: { suspend: false, activeDeadlineSeconds: 0 },
  });
}

/**
 * Deletes a Job and its pods.
 * @returns false when it is gone already, or another of the same name has taken its place
 */
export async function deleteJob(
  cluster: ClusterConnection,
  target: { id: string; namespace: string; uid: string },
): Promise<boolean> {
  try {
    // Without a propagation policy the pods of a Job would stay behind.
    await cluster.delete(jobPath(target), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Background',
      preconditions: { uid: target.uid },
    });
    return true;
  } catch (error) {
    if (error instanceof KubernetesError && (error.status === 404 || error.status === 409)) return false;
    throw error;
  }
}
