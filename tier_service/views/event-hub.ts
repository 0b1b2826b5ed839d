// Hands each job's changes to those who listen to it. However many listen, there is one watch behind them.
import { heartbeatMs as usualHeartbeatMs } from '@ml-job-mesh/http-service';
import type { JobChange, JobIndex } from '../records/job-index.ts';
import type { JobRecord } from '../records/job-record.ts';

export interface JobListener {
  onChange(record: JobRecord, change: JobChange | 'waiting'): void;
  onHeartbeat(): void;
  /** The service stops; the listener is to be sent away. */
  onClose(): void;
}

export interface EventHubOptions {
  heartbeatMs?: number;
  /** What is told of a job that waits: its place in the queue, and why it waits. Nothing but a change of it counts. */
  waitingOf?: (record: JobRecord) => string;
  /** That is told at most so often: the place in the queue changes for everyone whenever one job starts. */
  positionMs?: number;
}

export type EventHub = ReturnType<typeof createEventHub>;

export function createEventHub(index: JobIndex, options: EventHubOptions = {}) {
  const { heartbeatMs = usualHeartbeatMs, positionMs = 1_000 } = options;
  const { waitingOf = (record) => String(index.queuePosition(record)) } = options;
  const listeners = new Map<string, Set<JobListener>>();
  /** What the listeners of each job know of its wait. */
  const told = new Map<string, string>();
  let isClosed = false;

  function tell(record: JobRecord, change: JobChange | 'waiting'): void {
    const own = listeners.get(record.uid);
    if (!own) return;
    // A change of state is told with all else that there is to say.
    if (change === 'state') told.set(record.uid, waitingOf(record));
    for (const listener of own) listener.onChange(record, change);
  }

  function forAll(act: (listener: JobListener) => void): void {
    for (const set of listeners.values()) for (const listener of set) act(listener);
  }

  const stopListening = index.onChange(tell);
  const heartbeat = setInterval(() => forAll((listener) => listener.onHeartbeat()), heartbeatMs);
  const tick = setInterval(() => {
    if (listeners.size === 0) return;
    for (const record of [...index.queue, ...index.starting]) {
      if (!listeners.has(record.uid)) continue;
      const waiting = waitingOf(record);
      if (told.get(record.uid) === waiting) continue;
      told.set(record.uid, waiting);
      tell(record, 'waiting');
    }
  }, positionMs);

  return {
    /**
     * Listens to one job; what it returns ends that. A hub that is closed sends the listener away at once, before it
     * returns.
     */
    subscribe(record: JobRecord, listener: JobListener): () => void {
      if (isClosed) {
        listener.onClose();
        return () => undefined;
      }
      const set = listeners.get(record.uid) ?? new Set();
      listeners.set(record.uid, set.add(listener));
      if (set.size === 1) told.set(record.uid, waitingOf(record));
      return () => {
        set.delete(listener);
        if (set.size > 0) return;
        listeners.delete(record.uid);
        told.delete(record.uid);
      };
    },
    /** How many listen. */
    size: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    close(): void {
      isClosed = true;
      clearInterval(heartbeat);
      clearInterval(tick);
      stopListening();
      forAll((listener) => listener.onClose());
    },
  };
}
