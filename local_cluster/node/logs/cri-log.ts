// The CRI log format, in which the shim writes what a container prints: one entry a line, `TIME STREAM TAG content`. The
// tag is F for a whole line or the last part of one, P for a part that is continued.

export interface CriEntry {
  /** RFC 3339 with nanoseconds. */
  time: string;
  stream: string;
  isPartial: boolean;
  content: Buffer;
}

/** Reads one line of the file, without its end; undefined for what is no entry. */
export function parseCriLine(line: Buffer): CriEntry | undefined {
  const afterTime = line.indexOf(0x20);
  const afterStream = line.indexOf(0x20, afterTime + 1);
  const afterTag = line.indexOf(0x20, afterStream + 1);
  if (afterTime < 0 || afterStream < 0 || afterTag < 0) return undefined;
  return {
    time: line.toString('latin1', 0, afterTime),
    stream: line.toString('latin1', afterTime + 1, afterStream),
    isPartial: line[afterStream + 1] === 0x50,
    content: line.subarray(afterTag + 1),
  };
}
