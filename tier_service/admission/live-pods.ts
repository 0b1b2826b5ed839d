// What the pods of a namespace take from its ResourceQuotas.
import type { ChangeType } from '@ml-job-mesh/cluster-client';
import { isTerminal, type Pod } from '../state/kubernetes-objects.ts';
import { type Amounts, addAmounts, podAmounts } from './resources.ts';

interface CountedPod {
  amounts: Amounts;
  /** Epoch milliseconds; a pod that is being deleted counts no longer than this. */
  until: number;
}

/**
 * Until when a quota counts a pod, in epoch milliseconds: until it has ended or, should nobody be there to say so (its node was
 * lost), until its grace period is over twice. Source: `QuotaV1Pod` in k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go.
 */
function countsUntil(pod: Pod): number {
  if (isTerminal(pod)) return Number.NEGATIVE_INFINITY;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return Number.POSITIVE_INFINITY;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1_000;
}

/**
 * Adds up what the pods that a quota counts ask for.
 * @param now the cluster's time, in epoch milliseconds
 */
export function createLivePods(now: () => number) {
  const counted = new Map<string, CountedPod>();
  /** Those of them whose time ends. */
  const ending = new Set<string>();
  let sum: Amounts = {};

  function forget(uid: string): void {
    const pod = counted.get(uid);
    if (!pod) return;
    counted.delete(uid);
    ending.delete(uid);
    sum = addAmounts(sum, pod.amounts, -1);
  }

  function set(pod: Pod): void {
    const uid = pod.metadata!.uid!;
    forget(uid);
    const until = countsUntil(pod);
    if (until <= now()) return;
    const amounts = podAmounts(pod.spec!);
    counted.set(uid, { amounts, until });
    if (Number.isFinite(until)) ending.add(uid);
    sum = addAmounts(sum, amounts);
  }

  return {
    /** Takes the newest version of a pod. */
    set,
    /** Takes a change that a watch tells of; `previous` had the pod's name before and may have been another pod. */
    change(type: ChangeType, pod: Pod, previous?: Pod): void {
      if (previous && previous.metadata!.uid !== pod.metadata!.uid) forget(previous.metadata!.uid!);
      if (type === 'deleted') forget(pod.metadata!.uid!);
      else set(pod);
    },
    /** What they ask for together now. */
    amounts(): Amounts {
      for (const uid of ending) if (counted.get(uid)!.until <= now()) forget(uid);
      return sum;
    },
    /** In how many milliseconds the next of them stops counting by itself; undefined if none does. */
    nextEndMs(): number | undefined {
      const ends = [...ending].map((uid) => counted.get(uid)!.until - now());
      return ends.length > 0 ? Math.max(0, Math.min(...ends)) : undefined;
    },
  };
}
