// Reads the log of each running job for its progress.
import { readLines } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { parseProgress, progressOrdinal } from '../state/progress-line.ts';
import type { JobLogs } from './job-logs.ts';

export interface ProgressFollowerOptions {
  index: JobIndex;
  logs: JobLogs;
}

/** Follows the log of every job that runs, until it ends. Gives a function that ends all of it. */
export function startProgressFollower({ index, logs }: ProgressFollowerOptions): () => void {
  const following = new Map<string, AbortController>();

  async function follow(record: JobRecord, signal: AbortSignal): Promise<void> {
    try {
      for await (const line of readLines(logs.read(record, signal))) {
        // A job that waits again has none of the progress of its former pod.
        if (signal.aborted) return;
        const progress = parseProgress(line);
        if (!progress || progressOrdinal(progress) <= record.progressLine) continue;
        index.setProgress(record, progress, progressOrdinal(progress));
      }
    } catch {
      // The log is a convenience: without it a job has no progress, and nothing else changes.
    }
  }

  const stopListening = index.onChange((record, change) => {
    if (change === 'progress') return;
    const runs = change !== 'removed' && record.state.status === 'running' && record.pod !== undefined;
    const known = following.get(record.uid);
    if (!runs) {
      known?.abort();
      following.delete(record.uid);
    } else if (!known) {
      const controller = new AbortController();
      following.set(record.uid, controller);
      void follow(record, controller.signal);
    }
  });

  return () => {
    stopListening();
    for (const controller of following.values()) controller.abort();
  };
}
