// ConfigMaps, Secrets and tokens change while a pod runs; its volumes follow for as long as it is there.
import { setTimeout as sleep } from 'node:timers/promises';

/** Volumes that are renewed regularly. */
export interface Renewal {
  /** Ends it; when this settles, nothing is written any more. */
  stop(): Promise<void>;
}

/** After a renewal that failed. */
const retryMs = 10_000;

/**
 * Renews again and again until it is stopped, whatever happens meanwhile: tokens end when nobody renews them.
 * @param renew gives the milliseconds after which to renew again; undefined when nothing can change. It writes nothing
 * after its signal was aborted
 * @param firstMs when to renew first; undefined for never
 * @param onFault told of each renewal that failed; it is tried again
 */
export function renewRegularly(
  renew: (signal: AbortSignal) => Promise<number | undefined>,
  firstMs: number | undefined,
  onFault: (fault: Error) => void,
  delay: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) => sleep(ms, undefined, { signal }),
): Renewal {
  const over = new AbortController();
  const { signal } = over;

  async function keepRenewing(): Promise<void> {
    for (let nextMs = firstMs; nextMs !== undefined && !signal.aborted; ) {
      try {
        await delay(nextMs, signal);
        nextMs = await renew(signal);
      } catch (fault) {
        if (signal.aborted) return;
        onFault(fault as Error);
        nextMs = retryMs;
      }
    }
  }

  const ended = keepRenewing();
  return {
    stop() {
      over.abort();
      return ended;
    },
  };
}
