// The logs that are being read, each from the cluster once.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import type { JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';
import { hasEnded } from '../state/job-status.ts';
import { type JobLog, type LogTimings, startJobLog } from './job-log.ts';
import { readFrom } from './log-reader.ts';
import { createStreamSlots } from './stream-slots.ts';

export interface JobLogsOptions {
  cluster: ClusterConnection;
  index: JobIndex;
  timings?: Partial<LogTimings> | undefined;
  /** How many logs are followed at a time; where there are more, each has its turn. */
  mostFollowed?: number | undefined;
}

export type JobLogs = ReturnType<typeof createJobLogs>;

const usualTimings: LogTimings = { silenceMs: 60_000, overGraceMs: 5_000, turnMs: 10_000, giveUpMs: 30_000 };

/** Starts with none; a job's log is read while somebody reads it here. */
export function createJobLogs({ cluster, index, mostFollowed = 200, ...options }: JobLogsOptions) {
  const timings = { ...usualTimings, ...options.timings };
  const open = new Map<string, { log: JobLog; readers: number }>();
  const slots = createStreamSlots({ most: mostFollowed, turnMs: timings.turnMs });
  let isClosed = false;
  const stopListening = index.onChange((record, change) => {
    if (change === 'progress') return;
    const log = open.get(record.uid)?.log;
    // Its Job was suspended by hand, and it will start anew: what was read is no beginning of what will be.
    if (record.state.status === 'queued' && log && log.tail.end() > 0) abandon(record, log);
    else log?.jobChanged();
  });

  /** Breaks a log off for those who read it; who reads it from now on begins anew. */
  function abandon({ uid }: JobRecord, log: JobLog): void {
    open.delete(uid);
    log.close();
  }

  function enter(record: JobRecord) {
    let entry = open.get(record.uid);
    if (!entry) {
      const isOver = () => hasEnded(record.state.status) || index.get(record.id) !== record;
      const log = startJobLog({ cluster, slots, record, isOver, timings });
      if (isClosed) log.close();
      entry = { log, readers: 0 };
      open.set(record.uid, entry);
    }
    entry.readers++;
    return entry;
  }

  return {
    /**
     * A job's log from its beginning, as it grows, until the job is over.
     * @param signal ends the reading
     * @throws BrokenLogError when the rest of it cannot be read
     */
    async *read(record: JobRecord, signal: AbortSignal): AsyncGenerator<Buffer> {
      const entry = enter(record);
      try {
        yield* readFrom(cluster, entry.log, signal);
      } finally {
        entry.readers--;
        if (entry.readers === 0) {
          if (open.get(record.uid) === entry) open.delete(record.uid);
          entry.log.close();
        }
      }
    },

    /** Breaks off every reading. */
    close(): void {
      isClosed = true;
      stopListening();
      for (const { log } of open.values()) log.close();
    },
  };
}
