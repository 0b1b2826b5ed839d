import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listFailures } from './failure.ts';

const programFolder = path.resolve(import.meta.dirname, '../../model_config');

/** What `classify.py` imports can fail with; preparing the data is not a job's work. */
function codesOfTheProgram(): string[] {
  const files = globSync('*.py', {
    cwd: programFolder,
    exclude: ['test_*.py', 'conftest.py', 'data_preload.py'],
  });
  const text = files.map((file) => readFileSync(path.join(programFolder, file), 'utf8')).join('\n');
  const raised = [...text.matchAll(/\b(?:JobError|error_message)\(\s*"(\w+)"/g)];
  const passedOn = [...text.matchAll(/\b(?:one_of|whole_number|read_verified)\(.*"([a-z_]+)"\)/g)];
  return [...raised, ...passedOn].map(([, code]) => code!);
}

test('every failure that the job itself tells is listed', () => {
  const told = [...new Set(codesOfTheProgram())];
  expect(told).toEqual(expect.arrayContaining(['unknown_dataset', 'bad_seed', 'network_damaged', 'terminated']));
  expect(listFailures().map(({ code }) => code)).toEqual(expect.arrayContaining(told));
});

test('no failure is listed twice, and each has a meaning', () => {
  const codes = listFailures().map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(listFailures().filter(({ meaning }) => meaning.length < 10)).toEqual([]);
});
