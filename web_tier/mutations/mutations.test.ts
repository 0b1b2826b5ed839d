// A setting of the Envoy files is there for something: without it, a test of what Envoy does fails. The tests are those
// beside the files; each row of the tables runs one of them again, on a real Envoy with the setting changed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Outcome } from './outcome-reporter.ts';
import { rows } from './rows.ts';

const projectFolder = path.resolve(import.meta.dirname, '../..');
let outcomes: Record<string, Outcome>;
let printed = '';

beforeAll(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'envoy-mutations-'));
  const file = path.join(folder, 'outcomes.json');
  const args = ['run', '--config', path.join(import.meta.dirname, 'vitest.config.ts')];
  const child = spawn(
    path.join(projectFolder, 'node_modules', '.bin', 'vitest'),
    [...args, '--reporter', path.join(import.meta.dirname, 'outcome-reporter.ts')],
    // Nothing of the run that this is a part of.
    { cwd: projectFolder, env: { PATH: process.env.PATH, HOME: process.env.HOME, OUTCOMES: file }, stdio: 'pipe' },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (printed += part));
  await once(child, 'close');
  try {
    ({ outcomes } = JSON.parse(readFileSync(file, 'utf8')) as { outcomes: Record<string, Outcome> });
  } catch (error) {
    throw new Error(`the tests did not run:\n${printed}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 600_000);

test.each(rows)('$name: without it fails "$test"', ({ name }) => {
  const { passed, failed, errors } = outcomes[name]!;
  // An Envoy that does not start, or a setting that is not there, would make every test fail.
  expect(errors.filter((message) => /Envoy ended with|has no setting/.test(message))).toEqual([]);
  expect({ failed: failed.length > 0, passed }).toMatchObject({ failed: true });
});
