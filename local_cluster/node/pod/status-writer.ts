// Reports a pod's status: always the newest, one request at a time, and again until the API server has taken it.
import { setTimeout } from 'node:timers/promises';
import type { V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { type ClusterConnection, createBackoff, KubernetesError } from '@ml-job-mesh/cluster-client';

export type StatusWriter = ReturnType<typeof createStatusWriter>;

/** Fields that a patch has to take away where they are no longer true. */
const clearable = ['reason', 'message'] as const;

/** Lists that a strategic merge patch adds to, where they are to be replaced: after a move, both addresses would be listed. */
const replaced = ['podIPs', 'hostIPs'] as const;

/**
 * @param reported what the API has now
 * @param onFault told why a status was not taken, before it is sent again
 */
export function createStatusWriter(
  cluster: ClusterConnection,
  pod: V1Pod,
  reported: V1PodStatus | undefined,
  onFault: (message: string) => void,
) {
  const { namespace, name, uid } = pod.metadata!;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  let wanted: string | undefined;
  let written: string | undefined;
  let writing: Promise<void> | undefined;
  let isOver = false;
  let hasCleared = !clearable.some((field) => reported?.[field]);

  async function write(): Promise<void> {
    while (!isOver && wanted !== undefined && wanted !== written) {
      const sent = wanted;
      const status = JSON.parse(sent);
      for (const field of clearable) if (!hasCleared) status[field] ??= null;
      for (const list of replaced) status[list]?.push({ $patch: 'replace' });
      try {
        await cluster.patch(path, { metadata: { uid }, status }, { type: 'strategic' });
        written = sent;
        hasCleared = true;
        backoff.reset();
      } catch (fault) {
        if (isGone(fault)) isOver = true;
        else {
          onFault((fault as Error).message);
          await setTimeout(backoff.nextMs());
        }
      }
    }
  }

  function startWriting(): void {
    if (isOver || wanted === written) return;
    writing ??= write().finally(() => {
      writing = undefined;
      startWriting();
    });
  }

  return {
    /** Reports a status, unless the API has it already. */
    report(status: V1PodStatus): void {
      wanted = JSON.stringify(status);
      startWriting();
    },
    /** Settles when what was reported last has been written, or cannot be any more. */
    async written(): Promise<void> {
      while (writing) await writing;
    },
    stop(): void {
      isOver = true;
    },
  };
}

/** The pod is gone, or another one has its name: nobody is left to tell. */
function isGone(fault: unknown): boolean {
  if (!(fault instanceof KubernetesError)) return false;
  return fault.status === 404 || (fault.status === 409 && /uid/i.test(fault.message));
}
