/** What the grader interface reads from the API server on request. */
import type { Readable } from 'node:stream';
import type { V1ResourceQuotaList } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { describeQuotas } from './quota-description.ts';

/** Kubernetes may take a while to open a log on a busy node. */
const LOG_TIMEOUT_MS = 15_000;
/** A log that stands still for so long in the middle is broken off. */
const LOG_SILENCE_MS = 10_000;

/** Reads logs and quotas; every failure is a `KubernetesError`. */
export function createClusterReader(cluster: ClusterConnection) {
  return {
    /** The complete log of a pod's container as a stream of bytes. */
    readLog: (namespace: string, pod: string, container: string | undefined): Promise<Readable> =>
      cluster.stream(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, {
        query: { container },
        timeoutMs: LOG_TIMEOUT_MS,
        silenceMs: LOG_SILENCE_MS,
      }),

    /** What `kubectl describe quota -n NAMESPACE` prints, read at this moment, as kubectl would. */
    async readQuotas(namespace: string): Promise<string> {
      const { items } = await cluster.get<V1ResourceQuotaList>(`/api/v1/namespaces/${namespace}/resourcequotas`);
      return describeQuotas(namespace, items);
    },
  };
}
