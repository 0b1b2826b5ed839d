/**
 * Sends the newest of what there is to send: one at a time, and of those that came meanwhile the last. While a service is
 * away it tries again with the newest, so that the answer is there as soon as the service is.
 */
import { type ApiError, toApiError } from '../api/api-error.ts';

export interface LatestOnlyOptions<In, Out> {
  send: (input: In, signal: AbortSignal) => Promise<Out>;
  onAnswer: (answer: Out, input: In) => void;
  /** After an error that will pass, it is tried again by itself. */
  onError: (error: ApiError, input: In) => void;
  /** Time from one request to the next at the least, in milliseconds. */
  spacingMs?: number;
  retryMs?: number;
}

export interface LatestOnly<In> {
  /** Sends an input, now or when the one before is done, unless a newer one comes first. */
  submit(input: In): void;
  /** Forgets what is on its way: nothing is told of it. */
  clear(): void;
}

export function createLatestOnly<In, Out>(options: LatestOnlyOptions<In, Out>): LatestOnly<In> {
  const { send, onAnswer, onError, spacingMs = 50, retryMs = 2_000 } = options;
  let waiting: { input: In } | undefined;
  let running: AbortController | undefined;
  let pausing: ReturnType<typeof setTimeout> | undefined;

  const pause = (ms: number) => {
    pausing = setTimeout(() => {
      pausing = undefined;
      void sendNext();
    }, ms);
  };

  const sendNext = async () => {
    if (!waiting || running || pausing !== undefined) return;
    const { input } = waiting;
    waiting = undefined;
    const mine = new AbortController();
    running = mine;
    let pauseMs = spacingMs;
    try {
      const answer = await send(input, mine.signal);
      if (!mine.signal.aborted) onAnswer(answer, input);
    } catch (error) {
      if (!mine.signal.aborted) pauseMs = tellError(toApiError(error), input);
    }
    if (mine.signal.aborted) return;
    running = undefined;
    pause(pauseMs);
  };

  const tellError = (error: ApiError, input: In): number => {
    onError(error, input);
    if (!error.isTemporary && error.status !== 401) return spacingMs;
    waiting ??= { input };
    return Math.max(retryMs, (error.retryAfterSeconds ?? 0) * 1_000);
  };

  return {
    submit(input) {
      waiting = { input };
      void sendNext();
    },
    clear() {
      running?.abort();
      clearTimeout(pausing);
      waiting = running = pausing = undefined;
    },
  };
}
