export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** Injected in tests; gives a number in [0, 1). */
  random?: () => number;
}

/**
 * Exponential back-off with equal jitter: each wait is between half of its step and all of it, so that
 * many clients that failed together do not come back together.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function createBackoff({ firstMs, maxMs, random = Math.random }: BackoffOptions) {
  let failures = 0;
  return {
    /** How long to wait after one more failure, in milliseconds. */
    nextMs(): number {
      const step = Math.min(maxMs, firstMs * 2 ** failures);
      failures++;
      return step / 2 + random() * (step / 2);
    },
    /** To be called after a success. */
    reset(): void {
      failures = 0;
    },
  };
}
