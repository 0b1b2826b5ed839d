/** What is remembered of a log that was printed, to tell when it is read again whether it is still the same one. */
import { createHash } from 'node:crypto';

/** The beginning is kept as it is, so that another log shows at its first other byte; of the rest, a hash is enough. */
const headBytes = 64 * 1_024;

/** The log that is there now does not begin with what was printed. */
export class OtherLogError extends Error {
  override readonly name = 'OtherLogError';
}

export type PrintedLog = ReturnType<typeof createPrintedLog>;

/** Starts with nothing printed. */
export function createPrintedLog() {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let bytes = 0;

  function add(chunk: Buffer): void {
    if (bytes < headBytes) head = Buffer.concat([head, chunk.subarray(0, headBytes - bytes)]);
    hash.update(chunk);
    bytes += chunk.length;
  }

  return {
    /** How much was printed, in bytes. */
    bytes: () => bytes,

    /**
     * What comes in a log, which is read from its beginning, after what was printed; it counts as printed from then on.
     * @throws OtherLogError when the log does not begin with what was printed
     */
    async *restOf(log: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      const before = bytes;
      const again = createHash('sha256');
      let offset = 0;
      for await (const chunk of log) {
        const repeated = chunk.subarray(0, Math.max(0, before - offset));
        if (repeated.length > 0) {
          const known = head.subarray(offset, offset + repeated.length);
          if (!known.equals(repeated.subarray(0, known.length))) throw new OtherLogError();
          again.update(repeated);
          offset += repeated.length;
          if (offset === before && !again.digest().equals(hash.copy().digest())) throw new OtherLogError();
        }
        const fresh = chunk.subarray(repeated.length);
        if (fresh.length === 0) continue;
        add(fresh);
        yield fresh;
      }
      if (offset < before) throw new OtherLogError();
    },
  };
}
