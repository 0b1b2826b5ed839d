// Streams have no time-out of their own, so a reader that takes nothing is noticed here and sent away.
import type { ServerResponse } from 'node:http';

/** A reader that takes nothing for so long is sent away, in milliseconds. */
const slowReaderMs = 60_000;

/**
 * Writes to a stream and waits until its reader keeps up.
 * @returns false when the reader has gone or was sent away
 */
export async function writeAndWait(
  response: ServerResponse,
  chunk: Uint8Array,
  withinMs = slowReaderMs,
): Promise<boolean> {
  // It would never drain, and its close has been announced already.
  if (response.destroyed) return false;
  if (response.write(chunk)) return true;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => response.destroy(), withinMs);
  response.once('drain', resolve);
  response.once('close', resolve);
  await promise;
  clearTimeout(timer);
  response.off('drain', resolve);
  response.off('close', resolve);
  return !response.destroyed;
}

/** Ends a stream; a reader that does not take the rest of it is sent away. */
export function endWithin(response: ServerResponse, withinMs: number): void {
  if (response.closed) return;
  const timer = setTimeout(() => response.destroy(), withinMs);
  response.once('close', () => clearTimeout(timer));
  if (!response.writableEnded) response.end();
}
