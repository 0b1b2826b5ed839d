/** Cancellations that can still be taken back: a job is cancelled some seconds after it was asked for. */
import { useSyncExternalStore } from 'react';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { keyHeaders, readKeyState } from '../api/api-key.ts';
import { call } from '../api/client.ts';

/** So long there is a way back, in milliseconds. */
export const undoMs = 5_000;

export type Cancellation =
  /** Not sent yet; `at` is when it will be, in milliseconds since 1970. */
  { state: 'pending'; at: number } | { state: 'sent' } | { state: 'refused'; error: ApiError };

const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();
let cancellations: ReadonlyMap<string, Cancellation> = new Map();

/** Cancels a job in a moment. @param path the job's own, e.g. `/free/jobs/ID` */
export function cancelSoon(path: string): void {
  if (timers.has(path)) return;
  timers.set(
    path,
    setTimeout(() => void send(path), undoMs),
  );
  change(path, { state: 'pending', at: Date.now() + undoMs });
}

/** Takes a cancellation back that was not sent yet. */
export function undoCancel(path: string): void {
  clearTimeout(timers.get(path));
  timers.delete(path);
  change(path, undefined);
}

/** What was asked for of a job, by its path. */
export function useCancellation(path: string): Cancellation | undefined {
  return useSyncExternalStore(subscribe, () => cancellations.get(path));
}

async function send(path: string): Promise<void> {
  timers.delete(path);
  change(path, { state: 'sent' });
  try {
    await call(path, { method: 'DELETE' });
  } catch (error) {
    const refused = toApiError(error);
    // It ended by itself meanwhile, which the page shows anyway.
    change(path, refused.code === 'job_ended' ? undefined : { state: 'refused', error: refused });
  }
}

/** Whoever leaves has not taken it back: what is pending is sent while the page goes. */
addEventListener('pagehide', () => {
  for (const path of [...timers.keys()]) {
    clearTimeout(timers.get(path));
    timers.delete(path);
    void fetch(path, { method: 'DELETE', keepalive: true, headers: keyHeaders(readKeyState().key) });
  }
});

function change(path: string, cancellation: Cancellation | undefined): void {
  const next = new Map(cancellations);
  if (cancellation) next.set(path, cancellation);
  else next.delete(path);
  cancellations = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
