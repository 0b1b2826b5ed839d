// How far the copy that a watch keeps can be trusted. That a watch was opened says nothing: it counts as alive from its
// first event, or when it has ended as it was asked to.

/** A reconnection that is over sooner than this was never noticed by anyone. */
const reconnectGraceMs = 1_000;

/**
 * Starts with nothing known.
 * @param provingMs how long a watch that is not known to be alive may be silent before it has proved itself
 */
export function createFreshness(provingMs: number) {
  let state: 'broken' | 'proving' | 'alive' = 'broken';
  /** When the copy was last known to be that of the cluster. */
  let currentAt = Number.NEGATIVE_INFINITY;
  /** Whether no watch runs although the last one ended well, because something else is done first. */
  let isPaused = false;

  return {
    isAlive: () => state === 'alive',
    /** When the copy was last known to be current, in milliseconds of `performance.now()`. */
    currentAt: () => currentAt,
    /** The collection has been listed. */
    listed(): void {
      currentAt = performance.now();
    },
    /** A watch has been opened. */
    opened(): void {
      isPaused = false;
      if (state === 'broken') state = 'proving';
    },
    /** Nothing is watched until the next watch is opened. */
    paused(): void {
      isPaused = true;
    },
    /** An event has come, or a watch has ended as it should. */
    proved(): void {
      isPaused = false;
      state = 'alive';
      currentAt = performance.now();
    },
    /** The watch broke. One that broke aloud had been right until then, one that fell silent until it was last heard. */
    broke(wasSilent: boolean): void {
      if (state === 'alive' && !wasSilent && !isPaused) currentAt = performance.now();
      state = 'broken';
      isPaused = false;
    },
    /**
     * For how long the copy may have been out of date, in milliseconds: 0 while the watch is healthy, also during an
     * ordinary reconnection; Infinity before the first list.
     */
    staleForMs(): number {
      if (state === 'alive' && !isPaused) return 0;
      const staleMs = performance.now() - currentAt;
      const allowedMs = reconnectGraceMs + (state === 'proving' ? provingMs : 0);
      return staleMs <= allowedMs ? 0 : staleMs;
    },
  };
}
