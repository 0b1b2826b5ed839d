// The events of a watch, in either form in which an API server sends them: JSON, one event a line, or Kubernetes'
// binary form, each event behind its length.
import { join } from 'node:path';
import { protobufReader } from './protobuf.ts';
import { readLines } from './read-lines.ts';

/** An event; the object of one of type `ERROR` is a Status. */
export interface WatchEvent<T> {
  type: string;
  object: T;
}

const binaryForm = 'application/vnd.kubernetes.protobuf';

/** What asks for a watch in the binary form, or in JSON where the API server has no other. */
export const preferBinary = `${binaryForm};stream=watch,application/json`;

/** Whether an answer of this media type is in the binary form. */
export function isBinary(contentType: string | undefined): boolean {
  return contentType?.startsWith(binaryForm) ?? false;
}

const schemaFile = join(import.meta.dirname, 'watch_event.proto');
const readEvent = protobufReader<{ type: string; object: { raw: Uint8Array } }>(schemaFile, 'WatchEvent');
const readEnvelope = protobufReader<{ raw: Uint8Array }>(schemaFile, 'Unknown');
const readStatus = protobufReader<object>(schemaFile, 'Status');

/** What every object in the binary form begins with: "k8s\0". */
const magicLength = 4;
/** The length before each event: four bytes, the greatest first. */
const lengthBytes = 4;

/**
 * The events of a watch in JSON.
 * @param keep gives what is kept of an object
 */
export async function* readJsonEvents<T>(
  body: AsyncIterable<Buffer>,
  keep: (object: T) => T,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of readLines(body)) {
    const { type, object } = JSON.parse(line) as WatchEvent<T>;
    yield { type, object: type === 'ERROR' ? object : keep(object) };
  }
}

/**
 * The events of a watch in Kubernetes' binary form.
 * @param readObject reads an object's bytes
 */
export async function* readBinaryEvents<T>(
  body: AsyncIterable<Buffer>,
  readObject: (bytes: Uint8Array) => T,
): AsyncGenerator<WatchEvent<T>> {
  for await (const bytes of readFrames(body)) {
    const { type, object } = readEvent(bytes);
    yield { type, object: type === 'ERROR' ? (readBinaryStatus(object.raw) as T) : readObject(unwrap(object.raw)) };
  }
}

/** A Status in the binary form, as it would be in JSON. */
export function readBinaryStatus(bytes: Uint8Array): object {
  return { kind: 'Status', ...readStatus(unwrap(bytes)) };
}

/** What is in an object's envelope. */
function unwrap(bytes: Uint8Array): Uint8Array {
  return readEnvelope(bytes.subarray(magicLength)).raw;
}

async function* readFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    while (bytes.length - start >= lengthBytes) {
      const end = start + lengthBytes + bytes.readUInt32BE(start);
      if (end > bytes.length) break;
      yield bytes.subarray(start + lengthBytes, end);
      start = end;
    }
    rest = bytes.subarray(start);
  }
}
