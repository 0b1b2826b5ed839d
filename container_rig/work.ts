/** What is done with a rig, for as long as there is one and somebody wants it. */
import { once } from 'node:events';

/**
 * Waits until the work is done or cancelled, whichever comes first. Cancelled work is not waited for: it ends with the rig.
 * @param ended resolved with the reason when the rig ends by itself
 * @throws Error of the work, or with that reason
 */
export async function waitForWork(work: Promise<void>, ended: Promise<string>, cancel: AbortSignal): Promise<void> {
  const settled = new AbortController();
  try {
    await Promise.race([
      work,
      ended.then((reason) => {
        throw new Error(reason);
      }),
      cancel.aborted ? undefined : once(cancel, 'abort', { signal: settled.signal }),
    ]);
  } finally {
    settled.abort();
  }
}
