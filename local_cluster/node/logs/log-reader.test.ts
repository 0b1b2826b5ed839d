import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCriLine } from './cri-log.ts';
import { type LogOptions, readLog } from './log-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-reader-'));
const time = (second: number) => `2026-11-21T10:00:0${second}.123456789Z`;
const log = [
  `${time(1)} stdout F one`,
  `${time(2)} stdout P two is `,
  `${time(2)} stdout P very `,
  `${time(2)} stdout F long`,
  `${time(3)} stderr F three`,
  `${time(4)} stdout P no end`,
]
  .map((line) => `${line}\n`)
  .join('');
const file = join(folder, 'output.log');
writeFileSync(file, log);

const complete = { file, isComplete: () => true, changed: () => new Promise<void>(() => {}) };

async function read(options: Partial<LogOptions> = {}, source = complete): Promise<string> {
  const pieces: Buffer[] = [];
  const signal = new AbortController().signal;
  for await (const piece of readLog(source, { follow: false, timestamps: false, ...options }, signal))
    pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('an entry has a time, a stream, and may be a part', () => {
  expect(parseCriLine(Buffer.from(`${time(1)} stderr P a b `))).toEqual({
    time: time(1),
    stream: 'stderr',
    isPartial: true,
    content: Buffer.from('a b '),
  });
  expect(parseCriLine(Buffer.from('no entry'))).toBeUndefined();
});

test('the parts of a line are put together again, and nothing is added at the end', async () => {
  expect(await read()).toBe('one\ntwo is very long\nthree\nno end');
});

test.each([
  [0, ''],
  [1, 'no end'],
  [2, 'three\nno end'],
  [3, 'two is very long\nthree\nno end'],
  [9, 'one\ntwo is very long\nthree\nno end'],
])('the last %d lines', async (tailLines, expected) => {
  expect(await read({ tailLines })).toBe(expected);
});

test('from a time on', async () => {
  expect(await read({ sinceMs: Date.parse(time(3)) })).toBe('three\nno end');
});

test('with times', async () => {
  expect(await read({ timestamps: true, tailLines: 2 })).toBe(`${time(3)} three\n${time(4)} no end`);
});

test('not more than so many bytes', async () => {
  expect(await read({ limitBytes: 6 })).toBe('one\ntw');
});

test('a file that is not there is an empty log', async () => {
  expect(await read({}, { ...complete, file: join(folder, 'none') })).toBe('');
});

test('following gives what is added, until the container has ended', async () => {
  const growing = join(folder, 'growing.log');
  writeFileSync(growing, `${time(1)} stdout F one\n`);
  let isOver = false;
  const end = Promise.withResolvers<void>();
  const source = { file: growing, isComplete: () => isOver, changed: () => end.promise };
  const lines = readLog(source, { follow: true, timestamps: false }, new AbortController().signal);
  expect(String((await lines.next()).value)).toBe('one\n');
  await appendFile(growing, `${time(2)} stdout F two\n`);
  expect(String((await lines.next()).value)).toBe('two\n');
  await appendFile(growing, `${time(3)} stdout F three\n`);
  isOver = true;
  end.resolve();
  expect(String((await lines.next()).value)).toBe('three\n');
  expect((await lines.next()).done).toBe(true);
});

test('following ends when nobody listens any more', async () => {
  const stopped = new AbortController();
  const source = { file, isComplete: () => false, changed: () => new Promise<void>(() => {}) };
  const lines = readLog(source, { follow: true, timestamps: false, tailLines: 0 }, stopped.signal);
  setTimeout(() => stopped.abort(), 20);
  expect((await lines.next()).done).toBe(true);
});

test('following a container that writes and writes leaves next to nothing on what it waits for', async () => {
  const growing = join(folder, 'long.log');
  writeFileSync(growing, '');
  let reactions = 0;
  const change = new Promise<void>(() => {});
  const react = change.then.bind(change);
  // biome-ignore lint/suspicious/noThenProperty: it is a promise, whose reactions are counted.
  change.then = ((...given: Parameters<typeof react>) => {
    reactions++;
    return react(...given);
  }) as typeof change.then;
  const stopped = new AbortController();
  const source = { file: growing, isComplete: () => false, changed: () => change };
  const lines = readLog(source, { follow: true, timestamps: false }, stopped.signal);
  let text = '';
  for (let line = 0; line < 50; line++) {
    const next = lines.next();
    await appendFile(growing, `${time(1)} stdout F ${line}\n`);
    text += (await next).value;
  }
  expect(text).toBe(Array.from({ length: 50 }, (_, line) => `${line}\n`).join(''));
  expect(reactions).toBeLessThanOrEqual(2);
  stopped.abort();
  expect((await lines.next()).done).toBe(true);
});

describe('a log in several files', () => {
  const rotated = mkdtempSync(join(tmpdir(), 'rotated-log-'));
  const first = join(rotated, 'output.log');
  // The first one is gone already, as after many rotations.
  writeFileSync(`${first}.9`, `${time(1)} stdout F one\n${time(1)} stdout P two is \n`);
  writeFileSync(`${first}.10`, `${time(2)} stdout F long\n${time(2)} stdout F three\n`);
  writeFileSync(`${first}.11`, `${time(3)} stdout F four\n`);
  const source = { file: first, isComplete: () => true, changed: () => new Promise<void>(() => {}) };

  test('is read from the oldest to the newest', async () => {
    expect(await read({}, source)).toBe('one\ntwo is long\nthree\nfour\n');
  });

  test.each([
    [0, ''],
    [1, 'four\n'],
    [2, 'three\nfour\n'],
    [3, 'two is long\nthree\nfour\n'],
    [4, 'one\ntwo is long\nthree\nfour\n'],
    [9, 'one\ntwo is long\nthree\nfour\n'],
  ])('has its last %d lines wherever they are', async (tailLines, expected) => {
    expect(await read({ tailLines }, source)).toBe(expected);
  });
});

test('following goes on in the next file, and passes over those that are gone', async () => {
  const first = join(mkdtempSync(join(tmpdir(), 'growing-log-')), 'output.log');
  const entry = (text: string) => `${time(1)} stdout F ${text}\n`;
  writeFileSync(first, entry('one'));
  let isOver = false;
  let change = Promise.withResolvers<void>();
  const source = { file: first, isComplete: () => isOver, changed: () => change.promise };
  const lines = readLog(source, { follow: true, timestamps: false }, new AbortController().signal);
  expect(String((await lines.next()).value)).toBe('one\n');
  const next = lines.next();
  await appendFile(first, entry('two'));
  writeFileSync(`${first}.1`, entry('three'));
  expect(String((await next).value)).toBe('two\n');
  expect(String((await lines.next()).value)).toBe('three\n');
  for (const number of [2, 3, 4]) writeFileSync(`${first}.${number}`, entry(`in file ${number}`));
  for (const gone of [first, `${first}.1`, `${first}.2`]) rmSync(gone);
  expect(String((await lines.next()).value)).toBe('in file 3\n');
  expect(String((await lines.next()).value)).toBe('in file 4\n');
  isOver = true;
  change.resolve();
  change = Promise.withResolvers();
  expect((await lines.next()).done).toBe(true);
});
