// Reads a container's log file, as `kubectl logs` asks for it: from some line or time on, with or without times, and on
// and on while the container runs.
import { type FileHandle, open } from 'node:fs/promises';
import { watchChanges } from '../runs/watch-changes.ts';
import { parseCriLine } from './cri-log.ts';

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
  file: string;
  /** True once nothing will be added to the file any more. */
  isComplete: () => boolean;
  /** Settles at the container's next change. */
  changed: () => Promise<void>;
}

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/**
 * The log as its reader wants it, in pieces of many lines. A file that is not there is an empty log.
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

/** Pieces of whole lines of the file. */
async function* readLines(source: LogSource, options: LogOptions, signal: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await openWhenThere(source, options.follow, signal);
  if (!handle) return;
  const watcher = options.follow ? createChangeWatcher(source, signal) : undefined;
  try {
    let position = options.tailLines === undefined ? 0 : await findTail(handle, options.tailLines);
    let rest: Buffer = Buffer.alloc(0);
    while (!signal.aborted) {
      const wasComplete = source.isComplete();
      const nextChange = watcher?.next();
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
      position += bytesRead;
      if (bytesRead > 0) {
        const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        const end = data.lastIndexOf(newline) + 1;
        rest = data.subarray(end);
        if (end > 0) yield data.subarray(0, end);
      } else if (!watcher || wasComplete) return;
      else await nextChange;
    }
  } finally {
    watcher?.close();
    await handle.close();
  }
}

async function openWhenThere(source: LogSource, follow: boolean, signal: AbortSignal): Promise<FileHandle | undefined> {
  while (!signal.aborted) {
    const wasComplete = source.isComplete();
    const change = source.changed();
    const handle = await open(source.file, 'r').catch(() => undefined);
    if (handle || !follow || wasComplete) return handle;
    await change;
  }
  return undefined;
}

/** Tells of additions to the file and of changes of the container. */
function createChangeWatcher({ file, changed }: LogSource, signal: AbortSignal) {
  let change = Promise.withResolvers<void>();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  // A pod may not change for days, and whatever waits for its change is kept until then: one reaction for all readings.
  let awaited: Promise<void> | undefined;
  const awaitContainer = () => {
    const next = changed();
    if (next === awaited) return;
    awaited = next;
    void next.then(tell);
  };
  const watcher = watchChanges(file, tell);
  signal.addEventListener('abort', tell);
  return {
    /** Settles at the first change after this call. */
    next: (): Promise<void> => {
      awaitContainer();
      return change.promise;
    },
    close: () => {
      watcher.close();
      signal.removeEventListener('abort', tell);
    },
  };
}

/** Where the last so many lines begin. The parts of a long line are one line. */
async function findTail(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  if (lines === 0) return size;
  const starts = new Array<number>(Math.min(lines, size)).fill(0);
  let found = 0;
  let wasPartial = false;
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; position < size; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      if (!wasPartial) starts[found++ % starts.length] = offset + start;
      wasPartial = parseCriLine(data.subarray(start, end))?.isPartial ?? false;
      start = end + 1;
    }
    offset += start;
    rest = data.subarray(start);
  }
  return found <= lines ? 0 : starts[found % starts.length]!;
}

/** Whole entries of the file as the reader wants them. */
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
