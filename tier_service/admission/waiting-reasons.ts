// Why jobs wait: what is seen of the quota, of the pods in it, and of the jobs' own pods.
import type { KubernetesError, WatchCache } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { label } from '../state/annotations.ts';
import { isTerminal, type Pod, type ResourceQuota } from '../state/kubernetes-objects.ts';
import { explainPending, type WaitingCode, type WaitingReason, waitingReason } from '../state/waiting.ts';
import type { QuotaSource } from './quota-scopes.ts';
import { type Amounts, addAmounts, podAmounts } from './resources.ts';
import { hasRoom, placesIn } from './room.ts';

export interface WaitingReasonsOptions {
  index: JobIndex;
  /** Where its jobs are, for the messages. */
  namespace: string;
  /** What a job's pod asks for. */
  ask: Amounts;
  /** The pods of that namespace. */
  pods: WatchCache<Pod>;
  /** Its quotas that count such pods; undefined for a tier that does not queue. */
  quotas: QuotaSource | undefined;
}

export type WaitingReasons = ReturnType<typeof createWaitingReasons>;

/** Whether a pod was made by one of our Jobs. */
function isOfTier({ metadata }: Pod): boolean {
  return metadata?.labels?.[label.tier] !== undefined;
}

/** At most so many foreign pods are named. */
const maxNamed = 3;

/** What a job that has its place cannot get over by itself within moments. */
const blocking: WaitingCode[] = [
  ...(['quota_full', 'quota_used_by_others', 'quota_too_small', 'no_room', 'nodes_cordoned', 'no_node'] as const),
  ...(['image_not_found', 'start_error'] as const),
];

/** Tells why each job waits, and why the queue does. The quota is looked at again only after something has changed. */
export function createWaitingReasons({ index, namespace, ask, pods, quotas }: WaitingReasonsOptions) {
  let kept: { ofQueued: WaitingReason | undefined; ofPodless: WaitingReason | undefined } | undefined;
  let refusal: KubernetesError | undefined;
  let version = 0;

  /** Why there is no room for one more pod; undefined where there is. */
  function explainQuota(hard: ResourceQuota[], live: Pod[], expected: number): WaitingReason | undefined {
    const where = `the quota of ${namespace}`;
    if (hard.length === 0)
      return waitingReason(
        'quota_missing',
        `There is no ResourceQuota in ${namespace} that counts the pods of jobs; nothing is started without one.`,
      );
    const places = placesIn(ask, hard);
    if (places === 0) return waitingReason('quota_too_small', `There is no room for even one job in ${where}.`);
    const livePods = live.reduce((sum: Amounts, pod) => addAmounts(sum, podAmounts(pod.spec!)), {});
    const reserved = Array<Amounts>(expected)
      .fill(ask)
      .reduce((sum, each) => addAmounts(sum, each), {});
    if (hasRoom(ask, { quotas: hard, livePods, reserved })) return undefined;
    const own = live.filter((pod) => index.jobOf(pod)).length + expected;
    // A pod of this tier whose Job has just gone is nobody else's, and its name is its client's business.
    if (own >= places) return waitingReason('quota_full', `All places are taken: ${places} of ${places}.`);
    const foreign = live.filter((pod) => !isOfTier(pod) && !pod.metadata!.deletionTimestamp);
    if (foreign.length === 0) return waitingReason('quota_full', `Pods that have just ended still count in ${where}.`);
    const names = foreign.slice(0, maxNamed).map(({ metadata }) => metadata!.name);
    const more = foreign.length > maxNamed ? ` and ${foreign.length - maxNamed} more` : '';
    const message = `Pods that belong to no job of this tier take the room in ${where}: ${names.join(', ')}${more}.`;
    return waitingReason('quota_used_by_others', message);
  }

  function look() {
    const hard = [...(quotas?.values() ?? [])];
    const live = [...pods.values()].filter((pod) => !isTerminal(pod));
    const expected = [...index.starting].filter(({ pod }) => !pod).length;
    return { ofQueued: explainQuota(hard, live, expected), ofPodless: explainQuota(hard, live, 0) };
  }

  function ofStarting(record: JobRecord): WaitingReason | undefined {
    if (record.pod) return explainPending(record.pod);
    if (quotas) kept ??= look();
    return kept?.ofPodless ?? waitingReason('pod_not_made');
  }

  /** What keeps a job that has its place from starting, if anything does for longer than moments. */
  function stuck(): WaitingReason | undefined {
    return [...index.starting].map(ofStarting).find((reason) => reason && blocking.includes(reason.code));
  }

  function ofQueued(): WaitingReason {
    if (!quotas) return waitingReason('suspended', 'An operator has suspended its Job, and this tier does not queue.');
    const cause = index.counts.running === 0 ? stuck() : undefined;
    if (cause) return { ...cause, message: `Those ahead have places and cannot start. ${cause.message}` };
    kept ??= look();
    if (kept.ofQueued) return kept.ofQueued;
    if (!refusal) return waitingReason('next');
    return waitingReason('start_refused', `The Kubernetes API refuses the request to start it (${refusal.reason}).`);
  }

  const forget = () => {
    kept = undefined;
    version++;
  };
  const stopListening = [index.onChange(forget), pods.on('change', forget), quotas?.on('change', forget)];

  return {
    /** Why a job waits; null for one that runs, has ended, or runs any moment. */
    of(record: JobRecord): WaitingReason | null {
      if (record.state.status === 'queued') return ofQueued();
      return (record.state.status === 'starting' && ofStarting(record)) || null;
    },

    /** Why the queue stands: what keeps the next job from its place, or one that has its place from running. */
    ofQueue: (): WaitingReason | null => (index.queue.length > 0 ? ofQueued() : stuck()) ?? null,

    /** Grows with every change that may bring another reason. */
    version: () => version,

    /** Takes note that the request to start a job was refused, or was taken again. */
    sawAdmission(fault?: KubernetesError): void {
      refusal = fault;
      version++;
    },

    stop(): void {
      for (const stop of stopListening) stop?.();
    },
  };
}
