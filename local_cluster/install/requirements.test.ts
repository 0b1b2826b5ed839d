import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lockFiles } from './requirements.ts';

/** What a lock file installs: `[name==version ; marker, number of hashes]`. */
function readLock(file: string): [string, number][] {
  const text = readFileSync(file, 'utf8').replace(/^#.*\n/gm, '');
  return text
    .replaceAll('\\\n', ' ')
    .trim()
    .split('\n')
    .map((line) => [line.split('--hash')[0]!.trim(), line.split('--hash=sha256:').length - 1]);
}

test.each(Object.entries(lockFiles))('the lock file of %s gives each package one version and hashes', (_, file) => {
  const entries = readLock(file);
  const unfit = entries.filter(([what, hashes]) => !/^[\w.-]+==[\w.+]+( ; .*)?$/.test(what) || hashes === 0);
  expect([entries.length > 0, unfit]).toEqual([true, []]);
});

test.each(Object.entries(lockFiles))('the lock file of %s has what its .in file asks for', (_, file) => {
  const asked = readFileSync(file.replace(/\.txt$/, '.in'), 'utf8').match(/^[\w-]+==[\w.+]+/gm) ?? [];
  expect(asked).not.toEqual([]);
  expect(readLock(file).map(([what]) => what.split(' ')[0])).toEqual(expect.arrayContaining(asked));
});

test('jobs have the same versions with and without CUDA, and the tools beside them the same again', () => {
  const versions = (file: string) =>
    new Map(readLock(file).map(([what]) => what.split(/==(?=\d)/) as [string, string]));
  const jobs = versions(lockFiles.jobs);
  for (const file of [lockFiles.jobsCpu, lockFiles.testTools, lockFiles.benchJob, lockFiles.benchPredict]) {
    const others = [...versions(file)].filter(([name, version]) => {
      const known = jobs.get(name);
      return known !== undefined && version.replace('+cpu', '') !== known;
    });
    expect(others).toEqual([]);
  }
});
