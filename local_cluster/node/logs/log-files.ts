// The files that one log is in. The shim begins a new one when the present one is full, and removes the oldest:
// `output.log`, `output.log.1`, `output.log.2`, … (../../shim/crilog.go).
import { readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lookOr } from '../../passing-fault.ts';

const chunkBytes = 64 * 1024;
const newline = 0x0a;

export interface LogFile {
  /** 0 is the first. */
  number: number;
  path: string;
}

/** The files that are there now, oldest first. @throws Error when they cannot be listed now */
export function listLogFiles(first: string): LogFile[] {
  const name = basename(first);
  const numberOf = (entry: string) => {
    if (entry === name) return 0;
    const suffix = entry.startsWith(`${name}.`) ? entry.slice(name.length + 1) : '';
    return /^[1-9]\d*$/.test(suffix) ? Number(suffix) : undefined;
  };
  return lookOr(() => readdirSync(dirname(first)), [])
    .flatMap((entry) => {
      const number = numberOf(entry);
      return number === undefined ? [] : [{ number, path: join(dirname(first), entry) }];
    })
    .sort((a, b) => a.number - b.number);
}

/** One of them, and how far it has been read. */
export interface OpenLogFile {
  number: number;
  handle: FileHandle;
  position: number;
}

/**
 * Opens the first of the files that a list has; one that was removed since, because the log has grown, is passed over.
 * @param list asked again after each that was gone
 * @throws Error where a file that is there cannot be opened
 */
export async function openOldestLogFile(list: () => LogFile[]): Promise<OpenLogFile | undefined> {
  const gone = new Set<string>();
  for (;;) {
    const file = list().find(({ path }) => !gone.has(path));
    if (!file) return undefined;
    try {
      return { number: file.number, handle: await open(file.path, 'r'), position: 0 };
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
      gone.add(file.path);
    }
  }
}

/** Reads the next piece; undefined at the end of what is there now. */
export async function readOn(file: OpenLogFile): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await file.handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, file.position);
  file.position += bytesRead;
  return bytesRead > 0 ? buffer.subarray(0, bytesRead) : undefined;
}

/** Reads all whole lines of a file; tells of each where it begins. */
export async function scanLines(file: OpenLogFile, onLine: (line: Buffer, position: number) => void): Promise<void> {
  let offset = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (let more = await readOn(file); more; more = await readOn(file)) {
    const data = Buffer.concat([rest, more]);
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      onLine(data.subarray(start, end), offset + start);
      start = end + 1;
    }
    offset += start;
    rest = data.subarray(start);
  }
}
