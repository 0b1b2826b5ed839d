/** Asks again when a cluster does not answer: a long wait is not to end with one lost connection. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadApi } from './kubectl.ts';

/** How often in a row something may fail. With looks a second apart, the pauses between come to half a minute. */
export const attempts = 5;

/** What a wait already has. */
interface Wait {
  say: (text: string) => void;
  signal: AbortSignal;
  /** The usual pause between two looks; it doubles with each failure. */
  pollMs: number;
}

/**
 * Gives what `ask` gives, as soon as it does not fail.
 * @throws the last error, after five failures in a row; the signal's reason when it is aborted
 */
export async function retry<T>(ask: () => Promise<T>, { say, signal, pollMs }: Wait): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (failures === attempts) throw error;
      say(`the cluster gave no answer, asking again (${failures} of ${attempts - 1}): ${(error as Error).message}`);
    }
    await sleep(pollMs * 2 ** failures, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Reads that are tried again. */
export function retryReads(read: ReadApi, wait: Wait): ReadApi {
  return (path) => retry(() => read(path), wait);
}
