// How long a premium job takes from its POST until its pod is seen to run in the API.
import { type ClusterConnection, startWatchCache } from '@ml-job-mesh/cluster-client';
import type { Pod } from '../../tier_service/state/kubernetes-objects.ts';
import { jobNameOf } from '../measure/job-of-pod.ts';

const startsWithinMs = 60_000;

/** Gives a function that posts one job, waits until it has run, and says how long it took to start, in milliseconds. */
export async function createStartTimer(stack: AsyncDisposableStack, api: ClusterConnection, url: string) {
  const runningAt = new Map<string, number>();
  const ended = new Set<string>();
  const listeners = new Set<() => void>();
  const pods = startWatchCache<Pod>(api, { path: '/api/v1/namespaces/premium-service/pods' });
  stack.defer(() => pods.stop());
  pods.on('change', (_, pod) => {
    const job = jobNameOf(pod) ?? '';
    const phase = pod.status?.phase;
    if (phase !== 'Pending' && !runningAt.has(job)) runningAt.set(job, performance.now());
    if (phase === 'Succeeded') ended.add(job);
    for (const listener of listeners) listener();
  });
  await pods.synced;

  function until(holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('a premium job did not run')), startsWithinMs);
    const check = () => void (holds() && resolve());
    listeners.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(timer);
      listeners.delete(check);
    });
  }

  return async (): Promise<number> => {
    const postedAt = performance.now();
    const answer = await fetch(`${url}/premium`, { method: 'POST', body: '{"dataset":"mnist"}' });
    if (!answer.ok) throw new Error(`the premium tier answered ${answer.status}: ${await answer.text()}`);
    const { job_name: job } = (await answer.json()) as { job_name: string };
    await until(() => ended.has(job));
    return runningAt.get(job)! - postedAt;
  };
}
