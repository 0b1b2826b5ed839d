/** The model pipeline's volume on this machine: a folder of the state folder. */
import path from 'node:path';
import type { V1PersistentVolume } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';

const name = 'ml-pipeline-storage';
const volumePath = `/api/v1/persistentvolumes/${name}`;
const claimPath = `/api/v1/namespaces/ml-pipeline/persistentvolumeclaims/${name}`;

/** The folder that is the volume of a state folder's mesh. */
export function pipelineFolder(stateFolder: string): string {
  return path.resolve(stateFolder, 'ml-pipeline');
}

/**
 * Takes the volume and its claim away if they stand for another folder: whoever moves the state folder moves the models
 * with it, and Kubernetes lets nobody change where a volume is. The files stay; both are made anew with the manifests.
 */
export async function forgetMovedVolume(connection: ClusterConnection, folder: string): Promise<void> {
  const volume = await connection.get<V1PersistentVolume>(volumePath).catch(absent);
  if (!volume || volume.spec?.hostPath?.path === folder) return;
  for (const place of [claimPath, volumePath]) {
    await connection.delete(place).catch(absent);
    // What protects them would wait for pods that use them, and for controllers that have not started. Only of what is
    // being deleted can nobody protect it again.
    await connection.patch(place, { metadata: { finalizers: null } }).catch(absent);
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof KubernetesError && error.status === 404)) throw error;
}
