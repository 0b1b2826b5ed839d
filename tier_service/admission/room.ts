import type { ResourceQuota } from '../state/kubernetes-objects.ts';
import { type Amounts, amountOf } from './resources.ts';

/** What is known of who uses a namespace. */
export interface Usage {
  quotas: Iterable<ResourceQuota>;
  /** What the pods that have not ended ask for, together. */
  livePods: Amounts;
  /** What the resumed Jobs ask for whose pod has not been seen yet, together. */
  reserved: Amounts;
}

/**
 * Whether one more pod fits. For each thing that a quota limits:
 *
 *     free = hard − max(used, what live pods ask for) − what resumed Jobs without a pod will ask for
 *
 * `used` may lag behind pods that were just made, and the pods seen behind those that just ended, so the greater of
 * the two counts. `hard` is the smaller of what the operator wrote and what the quota controller has taken over. A
 * namespace without a quota has no room: what holds the tier is missing, and nothing is started until it is back.
 */
export function hasRoom(ask: Amounts, { quotas, livePods, reserved }: Usage): boolean {
  let quotasSeen = 0;
  for (const { spec, status } of quotas) {
    quotasSeen++;
    for (const [name, specHard] of Object.entries(spec?.hard ?? {})) {
      if (ask[name] === undefined) continue;
      const hard = hardOf(specHard, status?.hard?.[name]);
      const used = Math.max(amountOf(status?.used?.[name] ?? '0'), livePods[name] ?? 0);
      if (ask[name] > hard - used - (reserved[name] ?? 0)) return false;
    }
  }
  return quotasSeen > 0;
}

/**
 * How many pods fit into the quotas; 0 where there is none.
 * @param live what the pods in them ask for already; nothing if left out
 */
export function placesIn(ask: Amounts, quotas: Iterable<ResourceQuota>, live: Amounts = {}): number {
  const places = [...quotas].flatMap(({ spec, status }) =>
    Object.entries(spec?.hard ?? {})
      .filter(([name]) => (ask[name] ?? 0) > 0)
      .map(([name, hard]) => Math.floor((hardOf(hard, status?.hard?.[name]) - (live[name] ?? 0)) / ask[name]!)),
  );
  return places.length ? Math.max(0, Math.min(...places)) : 0;
}

/** The smaller of what the operator wrote and what the quota controller has taken over. */
function hardOf(spec: string, status: string | undefined): number {
  return Math.min(amountOf(spec), amountOf(status ?? spec));
}
