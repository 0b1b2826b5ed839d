// The end of a job's log, kept on its Job so that it outlives the pod: small enough for etcd, where annotations may have
// 256 KiB together, and large enough for the whole log of an ordinary job.

/** How much of a log is kept, in bytes of UTF-8. */
export const keptLogBytes = 16 * 1_024;

/** No log that fits has more lines. */
export const keptLogLines = 2_000;

/** The last 16 KiB of a log, from the beginning of a line. */
export function endOfLog(log: string): string {
  const bytes = Buffer.from(log);
  if (bytes.length <= keptLogBytes) return log;
  const start = bytes.length - keptLogBytes;
  const lineStart = bytes.indexOf('\n', start - 1) + 1;
  return bytes.subarray(lineStart > 0 ? lineStart : start).toString();
}

/** The last lines of a text; all of it where no number is given. */
export function lastLines(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  return text
    .split(/(?<=\n)/)
    .slice(-count)
    .join('');
}
