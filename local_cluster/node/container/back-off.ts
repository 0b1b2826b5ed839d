/** How long a node waits before it tries something again: 10 s, doubling up to 5 min, as kubelet does. */
const firstMs = 10_000;
const maxMs = 300_000;
/** A container that ran for longer than this starts over. */
const forgetAfterMs = 600_000;

export type BackOff = ReturnType<typeof createBackOff>;

/**
 * The back-off of one container. The first repetition is immediate; each later one waits longer, counted from the
 * end of the attempt before.
 */
export function createBackOff(now: () => number = Date.now) {
  let waitMs = 0;
  let lastAttemptAt = now();
  let lastEnd = { recorded: 0, countedFrom: 0 };

  /** An end in the future means that the clock was set back since: the wait counts from then on, once. */
  function countFrom(endedAt: number): number {
    const { recorded, countedFrom } = lastEnd;
    lastEnd = { recorded: endedAt, countedFrom: Math.min(recorded === endedAt ? countedFrom : endedAt, now()) };
    return lastEnd.countedFrom;
  }

  return {
    /** How long an attempt that follows one that ended at `endedAt` (epoch ms) has to wait from now, in ms. */
    remainingMs(endedAt: number): number {
      if (endedAt - lastAttemptAt > forgetAfterMs) waitMs = 0;
      return Math.max(0, countFrom(endedAt) + waitMs - now());
    },
    /** To be called at each repetition. */
    advance(): void {
      waitMs = waitMs === 0 ? firstMs : Math.min(maxMs, waitMs * 2);
      lastAttemptAt = now();
    },
    /** The present wait as Kubernetes prints it, e.g. `10s` or `2m40s`. */
    describe(): string {
      return formatDuration(waitMs);
    },
  };
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
