import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents } from './event-stream.ts';

async function read(...chunks: (string | Buffer)[]) {
  async function* stream() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const found = [];
  for await (const event of readEvents(stream())) found.push(event);
  return found;
}

const text =
  'id: u.1\nevent: status\ndata: {"a":\ndata: "é"}\n\n: alive\n\ndata:no space\r\n\r\nid:u.2\ndata: last\n\ndata: cut off';
const events = [
  { event: 'status', data: '{"a":\n"é"}', lastEventId: 'u.1' },
  { event: 'message', data: 'no space', lastEventId: 'u.1' },
  { event: 'message', data: 'last', lastEventId: 'u.2' },
];

test('events are read as the HTML standard says, and one that was cut off is dropped', async () => {
  expect(await read(text)).toEqual(events);
});

test('it does not matter where the stream is cut into pieces', async () => {
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const pieces = edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
      expect(await read(...pieces)).toEqual(events);
    }),
  );
});
