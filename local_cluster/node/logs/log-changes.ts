// When there is something new to read in a log that is followed.
import { watchChanges } from '../runs/watch-changes.ts';

/**
 * Tells of additions to a log and of changes of its container.
 * @param changed settles at the container's next change
 * @param signal counts as a change when it is aborted
 */
export function watchForChanges(folder: string, changed: () => Promise<void>, signal: AbortSignal) {
  let change = Promise.withResolvers<void>();
  let isAsked = false;
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  // Asked once for each change, not once for each line: what waits for a promise is kept for as long as the promise.
  const askContainer = () => {
    if (isAsked) return;
    isAsked = true;
    void changed().then(() => {
      isAsked = false;
      tell();
    });
  };
  const watcher = watchChanges(folder, tell);
  signal.addEventListener('abort', tell);
  return {
    /** Settles at the first change after this call. */
    next: () => {
      askContainer();
      return change.promise;
    },
    close: () => {
      watcher.close();
      signal.removeEventListener('abort', tell);
    },
  };
}
