// How much is being done. What is too much is refused before it is read: refusing must cost far less than answering.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../limits.ts';

export type Load = ReturnType<typeof createLoad>;

/** Counts the calls of a service that are being answered, and the bytes of their bodies. */
export function createLoad(callsAtATime: number = limits.callsAtATime, bytesAtATime: number = limits.bytesAtATime) {
  let calls = 0;
  let bytes = 0;
  let refused = 0;
  return {
    /**
     * Takes a call in, until its answer has ended or its connection has.
     * @returns whether there is room for it
     */
    take(request: IncomingMessage, response: ServerResponse): boolean {
      const size = sizeOf(request);
      if (calls >= callsAtATime || (bytes > 0 && bytes + size > bytesAtATime)) {
        refused++;
        return false;
      }
      calls++;
      bytes += size;
      response.once('close', () => {
        calls--;
        bytes -= size;
      });
      return true;
    },
    calls: () => calls,
    /** How many calls were refused, so far. */
    refused: () => refused,
  };
}

/** How long a body may become: what its sender says, or the most that is allowed. */
function sizeOf({ headers }: IncomingMessage): number {
  const length = Number(headers['content-length'] ?? (headers['transfer-encoding'] ? limits.bodyBytes : 0));
  return Math.min(limits.bodyBytes, length);
}
