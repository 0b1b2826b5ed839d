import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type FileSet, writeFileSet } from './projected-files.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'projected-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const setOf = (files: Record<string, string>): FileSet =>
  new Map(Object.entries(files).map(([path, content]) => [path, { content }]));
const shown = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith('..'));

test('files that belong together change together, whoever reads them meanwhile', async () => {
  const folder = newFolder();
  await writeFileSet(folder, setOf({ certificate: '0', key: '0' }));
  let isWriting = true;
  const writing = (async () => {
    for (let generation = 1; generation <= 60; generation++)
      await writeFileSet(folder, setOf({ certificate: String(generation), key: String(generation) }));
    isWriting = false;
  })();
  const pairs = new Set<string>();
  while (isWriting) {
    const set = realpathSync(join(folder, '..data'));
    await setImmediate();
    try {
      pairs.add(`${readFileSync(join(set, 'certificate'), 'utf8')} ${readFileSync(join(set, 'key'), 'utf8')}`);
    } catch {
      // This set has been replaced: a program that watches the volume reads the next one.
    }
  }
  await writing;
  expect([...pairs].filter((pair) => pair.split(' ')[0] !== pair.split(' ')[1])).toEqual([]);
  expect(pairs.size).toBeGreaterThan(1);
  expect([readFileSync(join(folder, 'key'), 'utf8'), readdirSync(folder).length]).toEqual(['60', 4]);
});

test('nothing is touched where nothing has changed, a mode included', async () => {
  const folder = newFolder();
  const files: FileSet = new Map([['a/b', { content: 'x', mode: 0o400 }]]);
  await writeFileSet(folder, files);
  const before = readlinkSync(join(folder, '..data'));
  await writeFileSet(folder, files);
  expect(readlinkSync(join(folder, '..data'))).toBe(before);
  await writeFileSet(folder, new Map([['a/b', { content: 'x', mode: 0o440 }]]));
  expect(statSync(join(folder, 'a/b')).mode & 0o777).toBe(0o440);
  expect(readlinkSync(join(folder, '..data'))).not.toBe(before);
});

test('what an interrupted write or an earlier layout has left goes', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'a'), 'a plain file of the earlier layout');
  writeFileSync(join(folder, '..set-half'), '');
  await writeFileSet(folder, setOf({ a: 'new', b: 'new' }));
  expect(shown(folder)).toEqual(['a', 'b']);
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
  expect(readdirSync(folder)).toHaveLength(4);
  await writeFileSet(folder, setOf({ b: 'newer' }));
  expect(shown(folder)).toEqual(['b']);
});

test('a path that leaves the volume is refused before anything is written', async () => {
  const folder = newFolder();
  await expect(writeFileSet(folder, setOf({ fine: '', '../out': '' }))).rejects.toThrow('"../out" leaves its volume');
  expect(readdirSync(folder)).toEqual([]);
});

test('files that cannot be written leave nothing behind, and those before them stay', async () => {
  const folder = newFolder();
  await writeFileSet(folder, setOf({ a: 'old' }));
  const before = readdirSync(folder);
  await expect(writeFileSet(folder, setOf({ a: 'new', 'a/b': 'a file below a file' }))).rejects.toThrow(
    /EEXIST|ENOTDIR/,
  );
  expect([readdirSync(folder), readFileSync(join(folder, 'a'), 'utf8')]).toEqual([before, 'old']);
});
