import type { JobRecord } from '../records/job-record.ts';
import type { EventHub } from './event-hub.ts';

export interface AwaitChangeOptions {
  hub: EventHub;
  /** Whether the job is no longer what the client has seen; asked at once and after each change. */
  hasChanged: () => boolean;
  timeoutMs: number;
  /** The client has gone. */
  signal: AbortSignal;
}

/** Settles when a job has changed or is gone, when the time is up, when the client goes, or when the service stops. */
export function awaitChange(record: JobRecord, options: AwaitChangeOptions): Promise<void> {
  const { hub, hasChanged, timeoutMs, signal } = options;
  if (hasChanged() || signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  const unsubscribe = hub.subscribe(record, {
    onChange(_, change) {
      if (change === 'removed' || hasChanged()) resolve();
    },
    onHeartbeat: () => undefined,
    onClose: resolve,
  });
  const leave = () => resolve();
  signal.addEventListener('abort', leave);
  return promise.finally(() => {
    clearTimeout(timer);
    unsubscribe();
    signal.removeEventListener('abort', leave);
  });
}
