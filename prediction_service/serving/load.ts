// How much is being done. What is too much is refused before it is read, or as soon as it turns out to be: refusing must
// cost far less than answering. Bytes count once they have come; what is only announced takes no room from others.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../limits.ts';

export type Load = ReturnType<typeof createLoad>;

/** Counts the calls of a service that are being answered, and the bytes of their bodies. */
export function createLoad(callsAtATime: number = limits.callsAtATime, bytesAtATime: number = limits.bytesAtATime) {
  /** What has come of the body of each call. */
  const calls = new Map<IncomingMessage, number>();
  let bytes = 0;
  let refused = 0;
  return {
    /**
     * Takes a call in, until its answer has ended or its connection has.
     * @returns whether there is room for it
     */
    take(request: IncomingMessage, response: ServerResponse): boolean {
      if (calls.size >= callsAtATime || bytes >= bytesAtATime) {
        refused++;
        return false;
      }
      calls.set(request, 0);
      response.once('close', () => {
        bytes -= calls.get(request) ?? 0;
        calls.delete(request);
      });
      return true;
    },
    /**
     * Takes in what has come of a call's body, until the call ends.
     * @returns whether there is room for it
     */
    receive(request: IncomingMessage, size: number): boolean {
      const before = calls.get(request);
      // It has ended already.
      if (before === undefined) return true;
      if (bytes + size > bytesAtATime) {
        refused++;
        return false;
      }
      bytes += size;
      calls.set(request, before + size);
      return true;
    },
    calls: () => calls.size,
    /** What has come of all bodies. */
    bytes: () => bytes,
    /** How many calls were refused, so far. */
    refused: () => refused,
  };
}
