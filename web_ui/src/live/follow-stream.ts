/**
 * Follows a stream of server-sent events for as long as it is wanted, through lost connections. Read with fetch, since an
 * EventSource can send no API key.
 */
import { readEvents, type ServerSentEvent } from '@ml-job-mesh/mesh-client/event-stream.ts';
import { type ApiError, toApiError, unreachable } from '../api/api-error.ts';

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  /** Lost, and tried again. `since` is in milliseconds. */
  | { state: 'away'; since: number; error: ApiError }
  /** Told to the end, or refused for good. */
  | { state: 'closed'; error: ApiError | undefined };

export interface FollowOptions {
  /** Asks for the stream; rejects for any answer but 2xx. */
  open: (headers: Record<string, string>, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: ServerSentEvent) => void;
  onConnection: (connection: Connection) => void;
  /** Ends it. */
  signal: AbortSignal;
  /** Waits between attempts; may settle sooner when there is reason to hope. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A connection that is silent for so long is dead: the services send a sign of life every 15 s. */
  silenceMs?: number;
  now?: () => number;
  random?: () => number;
}

const firstPauseMs = 500;
const longestPauseMs = 10_000;

/** Follows until the signal is aborted, the stream is over, or it is refused for good. */
export async function followStream(options: FollowOptions): Promise<void> {
  const { onEvent, onConnection, signal, pause, now = Date.now, random = Math.random } = options;
  let lastEventId = '';
  let failures = 0;
  let since: number | undefined;
  onConnection({ state: 'connecting' });
  while (!signal.aborted) {
    let fault = unreachable();
    try {
      const isOver = await readOnce(options, lastEventId, {
        onOpen() {
          since = undefined;
          onConnection({ state: 'live' });
        },
        onEvent(event) {
          failures = 0;
          lastEventId = event.lastEventId;
          onEvent(event);
        },
      });
      if (isOver) return onConnection({ state: 'closed', error: undefined });
    } catch (error) {
      if (signal.aborted) return;
      fault = toApiError(error);
      if (!fault.isTemporary && fault.status !== 401) return onConnection({ state: 'closed', error: fault });
    }
    since ??= now();
    // A service that ends the stream in order (it restarts, say) is asked once more before anybody is told.
    if (failures > 0 || fault.status !== 0) onConnection({ state: 'away', since, error: fault });
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
    failures++;
    await pause(Math.max(longest * (0.5 + random() / 2), (fault.retryAfterSeconds ?? 0) * 1_000), signal);
  }
}

/** One connection. Gives whether the stream is over; throws where the connection is lost. */
async function readOnce(
  { open, signal, silenceMs = 45_000 }: FollowOptions,
  lastEventId: string,
  { onOpen, onEvent }: { onOpen: () => void; onEvent: (event: ServerSentEvent) => void },
): Promise<boolean> {
  const silence = new AbortController();
  const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
  let timer = setTimeout(() => silence.abort(unreachable()), silenceMs);
  try {
    const answer = await open(headers, AbortSignal.any([signal, silence.signal]));
    if (answer.status === 204 || !answer.body) return true;
    onOpen();
    const bytes = readBytes(answer.body, () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(unreachable()), silenceMs);
    });
    for await (const event of readEvents(bytes, lastEventId)) onEvent(event);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Not every browser lets a stream be iterated over. */
async function* readBytes(body: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk();
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
