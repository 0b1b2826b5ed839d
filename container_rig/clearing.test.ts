import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLeftovers, removeStateFolder } from './clearing.ts';
import { chooseStateFolder, ownerFile } from './state.ts';

const owner = { cgroup: 'ml-job-mesh-rig-0123abcd' };
let place: string;
let folder: string;
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'clearing-test-'));
  folder = path.join(place, 'rig');
});
afterEach(() => rmSync(place, { recursive: true }));

function writeOwner(record: object = owner): void {
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(ownerFile(folder), JSON.stringify(record), { mode: 0o600 });
}

test('a folder that is missing or empty holds nothing of a rig', () => {
  expect(readLeftovers(folder)).toBeUndefined();
  mkdirSync(folder, { mode: 0o755 });
  expect(readLeftovers(folder)).toBeUndefined();
});

test('a folder that a rig has left is known by its record, and removed', () => {
  writeOwner();
  mkdirSync(path.join(folder, 'logs'));
  expect(readLeftovers(folder)).toEqual(owner);
  removeStateFolder(folder);
  expect(existsSync(folder)).toBe(false);
});

test("a folder of somebody's files is refused", () => {
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(path.join(folder, 'thesis.txt'), 'all of it');
  expect(() => readLeftovers(folder)).toThrow(/is not a rig's folder \(it holds files, but no owner\.json\)/);
  expect(readdirSync(folder)).toEqual(['thesis.txt']);
});

test("another user's folder is refused, whatever its record says", () => {
  writeOwner();
  expect(() => readLeftovers(folder, process.getuid!() + 1)).toThrow('other users may write there');
  chmodSync(folder, 0o777);
  expect(() => readLeftovers(folder)).toThrow('other users may write there');
});

test('a record that others may write is refused', () => {
  writeOwner();
  chmodSync(ownerFile(folder), 0o666);
  expect(() => readLeftovers(folder)).toThrow('other users may write its owner.json');
});

test('a record that names another cgroup than one of a rig is refused', () => {
  writeOwner({ cgroup: '../system.slice' });
  expect(() => readLeftovers(folder)).toThrow('its owner.json names no cgroup of a rig');
});

test('a link to a folder is refused', () => {
  writeOwner();
  const link = path.join(place, 'link');
  symlinkSync(folder, link);
  expect(() => readLeftovers(link)).toThrow('it is no folder');
});

test("an empty RIG_STATE names no folder, so that the clone's own is used", () => {
  expect(chooseStateFolder('')).toBe(chooseStateFolder(undefined));
  expect(chooseStateFolder('/srv/rig')).toBe('/srv/rig');
});
