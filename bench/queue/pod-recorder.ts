// What is seen of a namespace's pods in the API, and when: the clock is the arrival of the watch's event here, because
// the times that Kubernetes writes on objects are whole seconds.
import { type ClusterConnection, startWatchCache } from '@ml-job-mesh/cluster-client';
import { podsPath } from '../../tier_service/state/job-paths.ts';
import { isTerminal, type Pod } from '../../tier_service/state/kubernetes-objects.ts';
import { jobNameOf } from '../measure/job-of-pod.ts';

export interface SeenPod {
  job: string;
  /** Milliseconds of `performance.now()`. */
  createdAt: number;
  endedAt?: number;
}

/** Records the pods of a namespace, in the order in which they are made. */
export async function recordPods(stack: AsyncDisposableStack, api: ClusterConnection, namespace: string) {
  const seen: SeenPod[] = [];
  const byName = new Map<string, SeenPod>();
  const watch = startWatchCache<Pod>(api, { path: podsPath(namespace) });
  stack.defer(() => watch.stop());
  watch.on('change', (type, pod) => {
    const now = performance.now();
    const name = pod.metadata!.name!;
    let record = byName.get(name);
    if (!record) {
      record = { job: jobNameOf(pod) ?? name, createdAt: now };
      byName.set(name, record);
      seen.push(record);
    }
    if (type === 'deleted' || isTerminal(pod)) record.endedAt ??= now;
  });
  await watch.synced;
  return {
    seen: seen as readonly SeenPod[],
    ended: () => seen.filter(({ endedAt }) => endedAt !== undefined).length,
  };
}
