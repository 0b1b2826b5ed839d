import type { JobIndex } from '../records/job-index.ts';

const sampleSize = 20;

/**
 * What recent jobs tell about the next ones.
 * @param places how many jobs of a tier run at a time, as far as is known
 */
export function createQueueEstimate(index: JobIndex, places: () => number) {
  function recentSeconds(): number[] {
    return index.finished
      .slice(-sampleSize)
      .map(({ state }) => (Date.parse(state.finishedAt ?? '') - Date.parse(state.startedAt ?? '')) / 1_000)
      .filter(Number.isFinite);
  }

  return {
    /** In how many seconds a job will have ended, so that another is taken: a median job's share of the places. */
    secondsUntilRoom(): number {
      const sorted = recentSeconds().sort((left, right) => left - right);
      const median = sorted[Math.floor(sorted.length / 2)] ?? 10;
      return Math.min(300, Math.max(1, Math.ceil(median / Math.max(1, places()))));
    },
  };
}

export type QueueEstimate = ReturnType<typeof createQueueEstimate>;
