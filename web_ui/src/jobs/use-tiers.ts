/** Both tiers as the page knows them. */
import { tierNames } from '@ml-job-mesh/tier-service/tier-names.ts';
import { foresee, type Live, useLive } from '../live/live-resource.ts';
import { type Job, type TierName, type TierState, tierEvents, withJob } from './tier-state.ts';

const events = Object.fromEntries(tierNames.map((tier) => [tier, tierEvents(tier)])) as Record<
  TierName,
  ReturnType<typeof tierEvents>
>;

export type Tiers = Record<TierName, Live<TierState>>;

/** Follows the events of both. */
export function useTiers(): Tiers {
  return { free: useLive(events.free), premium: useLive(events.premium) };
}

/** Follows the events of one. */
export const useTier = (tier: TierName): Live<TierState> => useLive(events[tier]);

/** Shows a job that was just taken, before the stream tells of it. */
export function showJob(job: Job): void {
  foresee(events[job.tier], (state) => (!state || state.jobs.has(job.id) ? state : withJob(state, job, Date.now())));
}
