import { annotation } from '../state/annotations.ts';
import type { KnownJob } from '../state/kubernetes-objects.ts';

/**
 * A stamp may be so much later than the second in which the API server made the Job, in milliseconds: that second is
 * cut off, and the API server's time is known to within one more.
 */
const maxAheadMs = 2_000;

/**
 * A hybrid logical clock: its stamps follow the time of day in microseconds, always grow, and are greater than any
 * stamp seen, so that replicas whose clocks differ still agree on who came first.
 * Source: Kulkarni et al., "Logical Physical Clocks", OPODIS 2014, in one number.
 * @param now the API server's time of day in milliseconds: a machine's own may be wrong by any amount
 */
export function createStampClock(now: () => number) {
  let highest = 0;
  return {
    /** A stamp greater than all before, in 16 digits, so that stamps sort as text. */
    next(): string {
      highest = Math.max(now() * 1_000, highest + 1);
      return String(highest).padStart(16, '0');
    },
    /** Takes note of a stamp that another replica gave; one that lies in the future counts as far as it can be true. */
    saw({ metadata }: KnownJob): void {
      const stamp = Number(metadata?.annotations?.[annotation.accepted]);
      const latest = (Date.parse(metadata?.creationTimestamp ?? '') + maxAheadMs) * 1_000;
      if (Number.isSafeInteger(stamp) && Number.isFinite(latest)) highest = Math.max(highest, Math.min(stamp, latest));
    },
  };
}

export type StampClock = ReturnType<typeof createStampClock>;
