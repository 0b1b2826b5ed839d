import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { repeatFailed, runInOrder } from './run-steps.ts';
import { readVitestReport } from './test-reports.ts';
import type { TestStep } from './test-steps.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'run-steps-'));
beforeAll(() => void vi.spyOn(process.stdout, 'write').mockReturnValue(true));
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** By file, whether each of its tests passes. */
type Outcome = Record<string, boolean[]>;

function reportText(outcome: Outcome): string {
  const testResults = Object.entries(outcome).map(([name, passes]) => {
    const assertionResults = passes.map((passed, i) => ({
      ...{ status: passed ? 'passed' : 'failed', fullName: `test ${i}`, failureMessages: passed ? [] : ['Error: no'] },
    }));
    return { name, status: passes.every(Boolean) ? 'passed' : 'failed', message: '', assertionResults };
  });
  return JSON.stringify({ testResults });
}

/** A step whose program reports this, and then, when files of it run again, that. */
function stepOf(first: Outcome, second: Outcome, asked: string[][] = []): TestStep {
  const reportFile = path.join(folder, 'report.json');
  const step = (outcome: Outcome): TestStep => {
    const text = path.join(folder, `${outcome === first ? 1 : 2}.json`);
    writeFileSync(text, reportText(outcome));
    const code = Object.values(outcome).flat().every(Boolean) ? 0 : 1;
    return {
      ...{ name: 'unit', command: 'sh', args: ['-c', `cp "$0" "$1"; exit ${code}`, text, reportFile] },
      ...{ reportFile, readReport: (read) => readVitestReport(read, '/project') },
    };
  };
  const only = (files: string[]) => {
    asked.push(files);
    return step(second);
  };
  return { ...step(first), only };
}

async function run(step: TestStep) {
  const [finished] = await repeatFailed([step], await runInOrder([step], true));
  const { counts, failures, unstable } = finished!;
  return { counts, failures, unstable };
}

const failure = (file: string, i: number) => ({ file, title: `test ${i}`, message: 'Error: no' });

test('the files in which tests failed run again, and what passes then is remembered', async () => {
  const asked: string[][] = [];
  const step = stepOf({ a: [true, false], b: [false], c: [true] }, { a: [true, true], b: [true] }, asked);
  expect(await run(step)).toEqual({
    counts: { passed: 4, failed: 0, skipped: 0 },
    failures: [],
    unstable: [failure('a', 1), failure('b', 0)],
  });
  expect(asked).toEqual([['a', 'b']]);
});

test('what fails again has failed', async () => {
  const step = stepOf({ a: [true, false, false], b: [true] }, { a: [true, false, true] });
  expect(await run(step)).toEqual({
    counts: { passed: 3, failed: 1, skipped: 0 },
    failures: [failure('a', 1)],
    unstable: [failure('a', 2)],
  });
});

test('what does not run again has failed', async () => {
  const step = stepOf({ a: [true, false], b: [false] }, { b: [true] });
  expect(await run(step)).toEqual({
    counts: { passed: 2, failed: 1, skipped: 0 },
    failures: [failure('a', 1)],
    unstable: [failure('b', 0)],
  });
});

test('failures in many files are not chance: nothing runs again', async () => {
  const asked: string[][] = [];
  const step = stepOf({ a: [false], b: [false], c: [false], d: [false] }, {}, asked);
  expect((await run(step)).counts).toEqual({ passed: 0, failed: 4, skipped: 0 });
  expect(asked).toEqual([]);
});

test('a step that fails without a failed test does not run again', async () => {
  const asked: string[][] = [];
  const step = { ...stepOf({ a: [true] }, {}, asked), command: 'false' };
  rmSync(step.reportFile!, { force: true });
  expect((await run(step)).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(asked).toEqual([]);
});
