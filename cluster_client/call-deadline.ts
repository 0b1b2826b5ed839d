// The one limit of a call: it starts when the call is made, and so covers the wait for a connection, which no time-out of
// the connection itself does.
import { KubernetesError } from './kubernetes-error.ts';

export type CallDeadline = ReturnType<typeof startDeadline>;

/**
 * Starts the time that a call may take.
 * @param timeoutMs how long, from now
 * @param signal ends the call earlier
 */
export function startDeadline(timeoutMs: number, signal?: AbortSignal) {
  const controller = new AbortController();
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => undefined);

  function end(reason: unknown): void {
    clear();
    controller.abort(reason);
    reject(reason);
  }

  function endLate(): void {
    const message = `the Kubernetes API did not answer within ${timeoutMs} ms`;
    end(new KubernetesError({ status: 0, reason: 'Timeout', message }));
  }

  const endEarly = () => end(signal!.reason);
  const timer = setTimeout(endLate, timeoutMs);
  signal?.addEventListener('abort', endEarly);
  if (signal?.aborted) endEarly();

  /** The call is over: nothing of it is left with the caller's signal. */
  function clear(): void {
    clearTimeout(timer);
    signal?.removeEventListener('abort', endEarly);
  }

  return {
    /** Ends the call's request, even one that still waits for a connection: it is then not sent any more. */
    signal: controller.signal,
    /** Rejects when the time is up or the caller has aborted. */
    passed,
    /** From now on only the caller's signal ends the call. */
    lift: () => clearTimeout(timer),
    clear,
  };
}
