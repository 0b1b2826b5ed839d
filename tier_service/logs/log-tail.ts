// The end of a log, as bytes that are counted from the log's beginning.

/** Keeps the last bytes of what is added, at least `keepBytes` of them. */
export function createLogTail(keepBytes: number) {
  const chunks: Buffer[] = [];
  let start = 0;
  let end = 0;

  return {
    /** How many bytes of the beginning are no longer kept. */
    start: () => start,
    /** How many bytes have been added in all. */
    end: () => end,

    add(chunk: Buffer): void {
      chunks.push(chunk);
      end += chunk.length;
      while (end - start - chunks[0]!.length >= keepBytes) start += chunks.shift()!.length;
    },

    /** What is kept from an offset on, which must not be before the start. */
    from(offset: number): Buffer {
      const found: Buffer[] = [];
      let chunkEnd = end;
      for (let index = chunks.length - 1; index >= 0 && chunkEnd > offset; index--) {
        const chunk = chunks[index]!;
        const chunkStart = chunkEnd - chunk.length;
        found.unshift(chunkStart >= offset ? chunk : chunk.subarray(offset - chunkStart));
        chunkEnd = chunkStart;
      }
      return Buffer.concat(found);
    },
  };
}
