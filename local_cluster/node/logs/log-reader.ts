// Reads a container's log, as `kubectl logs` asks for it: from some line or time on, with or without times, and on
// and on while the container runs.
import { dirname } from 'node:path';
import { parseCriLine } from './cri-log.ts';
import { watchForChanges } from './log-changes.ts';
import { type LogFile, listLogFiles, type OpenLogFile, openOldestLogFile, readOn, scanLines } from './log-files.ts';

export interface LogOptions {
  follow: boolean;
  /** Only so many of the last lines. */
  tailLines?: number | undefined;
  timestamps: boolean;
  /** Only entries from this time on (epoch ms). */
  sinceMs?: number | undefined;
  limitBytes?: number | undefined;
}

export interface LogSource {
  /** The first of its files. */
  file: string;
  /** True once nothing will be added any more. */
  isComplete: () => boolean;
  /** Settles at the container's next change. */
  changed: () => Promise<void>;
}

const newline = 0x0a;

/**
 * The log as its reader wants it, in pieces of many lines. A log without a file is empty.
 * @param signal ends following
 */
export async function* readLog(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const lines of readLines(source, options, signal)) {
    const text = formatEntries(lines, options);
    if (text.length === 0) continue;
    yield text.length > left ? text.subarray(0, left) : text;
    left -= text.length;
    if (left <= 0) return;
  }
}

/** Pieces of whole lines of the log, one file after the other. */
async function* readLines(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const changes = options.follow ? watchForChanges(dirname(source.file), source.changed, signal) : undefined;
  let present: OpenLogFile | undefined;
  let isReplaced = false;
  let rest: Buffer = Buffer.alloc(0);
  try {
    while (!signal.aborted) {
      const wasComplete = source.isComplete();
      const nextChange = changes?.next();
      present ??= await openFirst(source.file, options.tailLines);
      const data = present && (await readOn(present));
      if (data) {
        const all = Buffer.concat([rest, data]);
        const end = all.lastIndexOf(newline) + 1;
        rest = all.subarray(end);
        if (end > 0) yield all.subarray(0, end);
      } else if (present && isReplaced) {
        present = await openNext(source.file, present);
        if (!present) return;
        isReplaced = false;
        rest = Buffer.alloc(0);
      } else if (present && hasNext(source.file, present)) {
        // What was added between this read and the beginning of the next file is still to be read.
        isReplaced = true;
      } else if (!nextChange || wasComplete) return;
      else await nextChange;
    }
  } finally {
    changes?.close();
    await present?.handle.close();
  }
}

function hasNext(first: string, { number }: OpenLogFile): boolean {
  return listLogFiles(first).some((other) => other.number > number);
}

/** The next file that is there; whoever reads slowly may find that some are gone. */
async function openNext(first: string, present: OpenLogFile): Promise<OpenLogFile | undefined> {
  await present.handle.close();
  return openOldestLogFile(() => listLogFiles(first).filter(({ number }) => number > present.number));
}

/** Where reading begins; undefined while there is no file. */
async function openFirst(first: string, tailLines: number | undefined): Promise<OpenLogFile | undefined> {
  if (tailLines === undefined) return openOldestLogFile(() => listLogFiles(first));
  const tail = await findTail(listLogFiles(first), tailLines);
  const file = await openOldestLogFile(() => listLogFiles(first).filter(({ number }) => number >= tail.number));
  return file && { ...file, position: file.number === tail.number ? tail.position : 0 };
}

/** Where the last so many lines begin. The parts of a long line are one line. */
async function findTail(files: LogFile[], lines: number): Promise<{ number: number; position: number }> {
  const first = { number: files.at(0)?.number ?? 0, position: 0 };
  const starts: { number: number; position: number }[] = [];
  let found = 0;
  let wasPartial = false;
  let end = first;
  for (const { number } of files) {
    const file = await openOldestLogFile(() => files.filter((other) => other.number === number));
    if (!file) continue;
    try {
      await scanLines(file, (line, position) => {
        if (!wasPartial && lines > 0) starts[found++ % lines] = { number, position };
        wasPartial = parseCriLine(line)?.isPartial ?? false;
        end = { number, position: position + line.length + 1 };
      });
    } finally {
      await file.handle.close();
    }
  }
  if (lines === 0) return end;
  return found <= lines ? first : starts[found % lines]!;
}

/** Whole entries as the reader wants them. */
function formatEntries(data: Buffer, { timestamps, sinceMs }: LogOptions): Buffer {
  const pieces: Buffer[] = [];
  for (let start = 0, end = data.indexOf(newline); end >= 0; start = end + 1, end = data.indexOf(newline, start)) {
    const entry = parseCriLine(data.subarray(start, end));
    if (!entry || (sinceMs !== undefined && Date.parse(entry.time) < sinceMs)) continue;
    if (timestamps) pieces.push(Buffer.from(`${entry.time} `));
    // With its end, if the line ends here.
    pieces.push(entry.isPartial ? entry.content : data.subarray(end - entry.content.length, end + 1));
  }
  return Buffer.concat(pieces);
}
