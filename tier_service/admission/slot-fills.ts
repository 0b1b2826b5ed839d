// How long a slot stays empty while a job waits for it: what the tier promises, measured from what it sees itself.
import type { WatchCache } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import { hasEnded } from '../state/job-status.ts';
import type { Pod } from '../state/kubernetes-objects.ts';
import { createLivePods } from './live-pods.ts';
import type { QuotaSource } from './quota-scopes.ts';
import type { Amounts } from './resources.ts';
import { placesIn } from './room.ts';

export interface SlotFillsOptions {
  index: JobIndex;
  pods: Pick<WatchCache<Pod>, 'values' | 'on'>;
  /** The quotas that count the pods of its Jobs. */
  quotas: QuotaSource;
  /** What a job's pod asks for. */
  ask: Amounts;
  /** The cluster's time, in epoch milliseconds. */
  now: () => number;
  /** Called for each queued job that gets a pod, with how long its slot was free while the job waited. */
  onFilled: (seconds: number) => void;
}

/**
 * Starts to measure. A slot is free from the moment at which a pod has ended (or the quota has grown), not from the quota's
 * own recount, which is part of the wait; it is filled when the next job's pod exists. Whoever fills it, each replica
 * measures.
 */
export function startSlotFills({ index, pods, quotas, ask, now, onFilled }: SlotFillsOptions) {
  const livePods = createLivePods(now);
  for (const pod of pods.values()) livePods.set(pod);
  /** Since when each free slot has been free, the longest first, in `performance.now()`. */
  const freeSince: number[] = [];
  /** Since when each job has waited that has no pod yet. */
  const waitingSince = new Map<string, number>();

  function countFree(): void {
    const free = placesIn(ask, quotas.values(), livePods.amounts());
    while (freeSince.length > free) freeSince.shift();
    while (freeSince.length < free) freeSince.push(performance.now());
  }

  function fill(pod: Pod): void {
    const uid = index.jobOf(pod)?.uid;
    const waited = waitingSince.get(uid ?? '');
    if (waited === undefined) return;
    waitingSince.delete(uid!);
    const filledAt = performance.now();
    onFilled((filledAt - Math.max(waited, freeSince[0] ?? filledAt)) / 1_000);
  }

  countFree();
  const stopListening = [
    index.onChange(({ uid, state }, change) => {
      if (change === 'removed') waitingSince.delete(uid);
      else if (state.status === 'queued' && !waitingSince.has(uid)) waitingSince.set(uid, performance.now());
      else if (hasEnded(state.status)) waitingSince.delete(uid);
    }),
    quotas.on('change', countFree),
    pods.on('change', (type, pod, previous) => {
      countFree(); // The grace period of a lost pod may have ended since, of which nothing tells.
      if (type === 'added') fill(pod);
      livePods.change(type, pod, previous);
      countFree();
    }),
  ];
  return {
    stop(): void {
      for (const stop of stopListening) stop();
    },
  };
}
