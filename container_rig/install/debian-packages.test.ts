import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findMissing } from './debian-packages.ts';

test('only packages whose program is nowhere are installed', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'debian-packages-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const before = findMissing([folder], []);
  expect(before).toEqual(expect.arrayContaining(['containerd', 'runc', 'tini', 'docker-registry']));
  writeFileSync(path.join(folder, 'runc'), '');
  expect(findMissing([folder], [])).toEqual(before.filter((name) => name !== 'runc'));
});
