import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { readBinaryEvents, readJsonEvents } from './watch-events.ts';

const schema = protobuf.parse(readFileSync(join(import.meta.dirname, 'watch_event.proto'), 'utf8')).root;

const encode = (type: string, message: object) => Buffer.from(schema.lookupType(type).encode(message).finish());

/** An event as the API server frames it: its length, and the object in its envelope. */
function frame(type: string, object: Buffer): Buffer {
  const envelope = Buffer.concat([Buffer.from('k8s\0'), encode('Unknown', { raw: object })]);
  const event = encode('WatchEvent', { type, object: { raw: envelope } });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

const readText = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test('binary events are read however the stream is cut', async () => {
  const bytes = Buffer.concat([
    frame('ADDED', Buffer.from('one')),
    frame('MODIFIED', Buffer.from('t'.repeat(70_000))),
    frame('BOOKMARK', Buffer.from('')),
  ]);
  for (const size of [1, 3, 7, 100, 65_536, bytes.length]) {
    const events = await all(readBinaryEvents(inChunks(bytes, size), readText));
    expect(events).toEqual([
      { type: 'ADDED', object: 'one' },
      { type: 'MODIFIED', object: 't'.repeat(70_000) },
      { type: 'BOOKMARK', object: '' },
    ]);
  }
});

test('the status of a watch that ends with an error is the same in both forms', async () => {
  const status = { message: 'too old resource version', reason: 'Expired', code: 410 };
  const binary = frame('ERROR', encode('Status', status));
  const json = Buffer.from(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', ...status } })}\n`);
  const never = () => {
    throw new Error('a status is no object of the collection');
  };
  const expected = [{ type: 'ERROR', object: { kind: 'Status', ...status } }];
  expect(await all(readBinaryEvents(inChunks(binary, 16), never))).toEqual(expected);
  expect(await all(readJsonEvents(inChunks(json, 16), never))).toEqual(expected);
});

test('an event that is cut off is not given, and rubbish is an error', async () => {
  const bytes = frame('ADDED', Buffer.from('one'));
  expect(await all(readBinaryEvents(inChunks(bytes.subarray(0, -1), 8), readText))).toEqual([]);
  const rubbish = Buffer.from([0, 0, 0, 3, 0xff, 0xff, 0xff]);
  await expect(all(readBinaryEvents(inChunks(rubbish, 8), readText))).rejects.toThrow();
});
