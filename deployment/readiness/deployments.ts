/** Waits until all Deployments of the mesh are there, telling how far they are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CoreV1EventList,
  V1Deployment,
  V1DeploymentList,
  V1PodList,
  V1ReplicaSetList,
} from '@kubernetes/client-node';
import type { ReadApi } from '../cluster/kubectl.ts';
import { retryReads } from '../cluster/retry.ts';
import { ownSelector } from '../ownership.ts';
import { findReasons } from './pod-reasons.ts';
import { findCurrentPods, findMountTroubles, findRefusals, findTroubles, watchTroubles } from './troubles.ts';

const ours = `labelSelector=${encodeURIComponent(ownSelector)}`;

/** How to wait. */
export interface DeploymentsWait {
  read: ReadApi;
  /** Told how far it is. */
  say: (text: string) => void;
  signal: AbortSignal;
  /** How long nothing may get on; every pod that gets ready begins it anew. */
  withinMs: number;
  pollMs: number;
  /** Those that are waited for, as `NAMESPACE/NAME`; unless given, all that the cluster has of the mesh. */
  names?: string[];
  /** Whether to give up early where waiting does not help. */
  noticesTroubles?: boolean;
}

/**
 * Waits until every Deployment has all its pods ready, in their newest version.
 * @throws Error with what each missing pod waits for, after `withinMs` without progress, or with what is in the way
 */
export async function waitForDeployments(wait: DeploymentsWait): Promise<void> {
  const { say, signal, withinMs, pollMs, names, noticesTroubles = false } = wait;
  const read = retryReads(wait.read, wait);
  let giveUpAt = performance.now() + withinMs;
  let furthest = Number.NEGATIVE_INFINITY;
  const troubles = watchTroubles();
  for (;;) {
    signal.throwIfAborted();
    const { items } = await read<V1DeploymentList>(`/apis/apps/v1/deployments?${ours}`);
    const expected = names ?? items.map(nameOf);
    const waiting = items.filter((deployment) => expected.includes(nameOf(deployment)) && !isComplete(deployment));
    const absent = expected.filter((name) => !items.some((deployment) => nameOf(deployment) === name));
    const missing = [...absent, ...waiting.map(nameOf)].map((name) => name.split('/')[1]!);
    if (missing.length === 0 && (items.length > 0 || names)) return;
    const progress = items.filter((one) => expected.includes(nameOf(one))).reduce((sum, one) => sum + measure(one), 0);
    if (progress > furthest && furthest > Number.NEGATIVE_INFINITY) giveUpAt = performance.now() + withinMs;
    furthest = Math.max(furthest, progress);
    if (performance.now() > giveUpAt) {
      const pods = await read<V1PodList>(`/api/v1/pods?${ours}`);
      throw new Error(
        `not ready, and nothing new for ${withinMs / 1000} s: ${missing.join(', ')}. ${explainPods(pods)}`,
      );
    }
    if (noticesTroubles) troubles.check(await lookForTroubles(read, waiting));
    say(`${expected.length - missing.length} of ${expected.length} ready, waiting for ${missing.join(', ')}`);
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

async function lookForTroubles(read: ReadApi, deployments: V1Deployment[]) {
  const [pods, sets, events] = await Promise.all([
    read<V1PodList>(`/api/v1/pods?${ours}`),
    read<V1ReplicaSetList>(`/apis/apps/v1/replicasets?${ours}`),
    read<CoreV1EventList>('/api/v1/events?fieldSelector=reason%3DFailedMount'),
  ]);
  const current = findCurrentPods(pods.items, sets.items, deployments);
  return [...findRefusals(deployments), ...findTroubles(current), ...findMountTroubles(current, events.items)];
}

const nameOf = ({ metadata }: V1Deployment) => `${metadata?.namespace}/${metadata?.name}`;

function isComplete({ metadata, spec, status = {} }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    status.observedGeneration === metadata?.generation &&
    status.updatedReplicas === wanted &&
    status.availableReplicas === wanted &&
    status.replicas === wanted
  );
}

/** Grows with each pod of the newest version that gets available, and only then, so that pods that come and go do not count. */
function measure({ metadata, status = {} }: V1Deployment): number {
  if (status.observedGeneration !== metadata?.generation) return 0;
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
  return Math.max(0, updatedReplicas + availableReplicas - replicas);
}

/** What pods that are not ready say of themselves, in one line. */
function explainPods(pods: V1PodList): string {
  if (pods.items.length === 0) return 'No pod was made; see the events with kubectl';
  return findReasons(pods).join(' | ') || 'No pod says why; see the events with kubectl';
}
