// Reads the log of each running job, once per replica however many listen, for its progress.

import { setTimeout } from 'node:timers/promises';
import { type ClusterConnection, createBackoff, readLines } from '@ml-job-mesh/cluster-client';
import { logPath } from '../state/job-paths.ts';
import { parseProgress, progressOrdinal } from '../state/progress-line.ts';
import { containerName } from '../submission/job-template.ts';
import type { JobIndex, JobRecord } from './job-index.ts';

export interface LogFollowerOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  /** At most so many logs are read at a time; further jobs show no progress until one ends. */
  maxStreams?: number;
}

/** Follows the log of every job that runs, until it ends. Gives a function that ends all of it. */
export function startLogFollower({ cluster, index, maxStreams = 200 }: LogFollowerOptions): () => void {
  const following = new Map<string, AbortController>();

  async function follow(record: JobRecord, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff({ firstMs: 200, maxMs: 5_000 });
    while (!signal.aborted && record.state.status === 'running') {
      try {
        const query = { container: containerName };
        for await (const line of readLines(await cluster.stream(logPath(record), { query, follow: true, signal }))) {
          const progress = parseProgress(line);
          if (!progress || progressOrdinal(progress) <= record.progressLine) continue;
          index.setProgress(record, progress, progressOrdinal(progress));
          backoff.reset();
        }
      } catch {
        // The log is a convenience: without it a job has no progress for a while, and nothing else changes.
      }
      await setTimeout(backoff.nextMs(), undefined, { signal }).catch(() => undefined);
    }
  }

  const stopListening = index.onChange((record, change) => {
    const runs = change !== 'removed' && record.state.status === 'running' && record.pod !== undefined;
    const stream = following.get(record.uid);
    if (!runs) stream?.abort();
    if (!runs || stream || following.size >= maxStreams) return;
    const controller = new AbortController();
    following.set(record.uid, controller);
    void follow(record, controller.signal).finally(() => following.delete(record.uid));
  });

  return () => {
    stopListening();
    for (const controller of following.values()) controller.abort();
  };
}
