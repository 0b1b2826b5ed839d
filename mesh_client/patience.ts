// How long to go on trying, and how long to wait between two attempts.
import { setTimeout } from 'node:timers/promises';

const firstWaitMs = 200;
const maxWaitMs = 5_000;

export interface PatienceOptions {
  /** For how long to go on after the first failure in a row. */
  forMs: number;
  signal: AbortSignal;
  /** Injected in tests; gives a number in [0, 1). */
  random?: () => number;
}

export type Patience = ReturnType<typeof createPatience>;

/** Exponential back-off with jitter, bounded by the time since the last success. */
export function createPatience({ forMs, signal, random = Math.random }: PatienceOptions) {
  let failures = 0;
  let failingSince: number | undefined;

  return {
    /**
     * Waits before the next attempt.
     *
     * @param askedMs what the service asked us to wait, if it did
     * @returns false, at once, when the wait would outlast our patience
     */
    async wait(askedMs = 0): Promise<boolean> {
      failingSince ??= performance.now();
      const step = Math.min(maxWaitMs, firstWaitMs * 2 ** failures);
      const waitMs = Math.max(askedMs, step / 2 + random() * (step / 2));
      failures += 1;
      if (performance.now() + waitMs - failingSince > forMs) return false;
      await setTimeout(waitMs, undefined, { signal });
      return true;
    },
    /** To be called after a success. */
    reset(): void {
      failures = 0;
      failingSince = undefined;
    },
  };
}
