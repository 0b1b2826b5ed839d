// Hands each job's changes to those who listen to it. However many listen, there is one watch behind them.
import type { JobChange, JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';

export interface JobListener {
  onChange(record: JobRecord, change: JobChange | 'position'): void;
  onHeartbeat(): void;
  /** The service stops; the listener is to be sent away. */
  onClose(): void;
}

export interface EventHubOptions {
  heartbeatMs?: number;
  /** A queue position is told at most so often: it changes for everyone whenever one job starts. */
  positionMs?: number;
}

export type EventHub = ReturnType<typeof createEventHub>;

export function createEventHub(index: JobIndex, { heartbeatMs = 15_000, positionMs = 1_000 }: EventHubOptions = {}) {
  const listeners = new Map<string, Set<JobListener>>();
  /** The position that those who listen to a job were told. */
  const positions = new Map<string, number | null>();

  function tell(record: JobRecord, change: JobChange | 'position'): void {
    for (const listener of listeners.get(record.uid) ?? []) listener.onChange(record, change);
  }

  function forAll(act: (listener: JobListener) => void): void {
    for (const set of listeners.values()) for (const listener of set) act(listener);
  }

  const stopListening = index.onChange(tell);
  const heartbeat = setInterval(() => forAll((listener) => listener.onHeartbeat()), heartbeatMs);
  const tick = setInterval(() => {
    if (listeners.size === 0) return;
    for (const [ahead, record] of index.queue.entries()) {
      if (!listeners.has(record.uid) || positions.get(record.uid) === ahead + 1) continue;
      positions.set(record.uid, ahead + 1);
      tell(record, 'position');
    }
  }, positionMs);

  return {
    /** Listens to one job, whose state is told to the listener now; what it returns ends that. */
    subscribe(record: JobRecord, listener: JobListener): () => void {
      const set = listeners.get(record.uid) ?? new Set();
      listeners.set(record.uid, set.add(listener));
      if (!positions.has(record.uid)) positions.set(record.uid, index.queuePosition(record));
      return () => {
        set.delete(listener);
        if (set.size > 0) return;
        listeners.delete(record.uid);
        positions.delete(record.uid);
      };
    },
    /** How many listen. */
    size: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    close(): void {
      clearInterval(heartbeat);
      clearInterval(tick);
      stopListening();
      forAll((listener) => listener.onClose());
    },
  };
}
