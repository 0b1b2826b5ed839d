import { expect, test } from 'vitest';
import { addCounts, countStep, listTestSteps } from './test-steps.ts';

const programs = { python: 'python', shimTests: 'shim-tests', networks: ['/networks/mnist', '/networks/photos'] };
const steps = listTestSteps(programs, '/reports', false);
const [format, unit, goTest, pytest] = ['format', 'unit', 'go test', 'pytest'].map((name) =>
  steps.find((step) => step.name === name),
);
const goReport =
  '=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/part (0.00s)\n--- FAIL: TestB (0.1s)\n--- SKIP: TestC (0s)\n';
const vitestReport = JSON.stringify({ numPassedTests: 7, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 });
const emptyReport = JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 });
const junit =
  '<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="1" tests="10" time="1"></testsuite></testsuites>';

test.each([
  ['a program that tests one thing counts as one', format!, 0, undefined, { passed: 1, failed: 0, skipped: 0 }],
  ['so it does when it fails', format!, 1, undefined, { passed: 0, failed: 1, skipped: 0 }],
  ['a test runner counts as its report says', unit!, 0, vitestReport, { passed: 7, failed: 0, skipped: 1 }],
  ['Go counts tests, not their parts', goTest!, 1, goReport, { passed: 1, failed: 1, skipped: 1 }],
  ['pytest counts errors as failures', pytest!, 1, junit, { passed: 6, failed: 3, skipped: 1 }],
  [
    'a run that failed without a failed test is one failure',
    unit!,
    1,
    vitestReport,
    { passed: 7, failed: 1, skipped: 1 },
  ],
  ['a run of no tests is a failure', unit!, 0, emptyReport, { passed: 0, failed: 1, skipped: 0 }],
  ['a run without a report is a failure', unit!, 0, undefined, { passed: 0, failed: 1, skipped: 0 }],
  ['a run that was killed is a failure', unit!, null, vitestReport, { passed: 7, failed: 1, skipped: 1 }],
] as const)('%s', (_, step, exitCode, report, counts) => {
  expect(countStep(step, exitCode, () => report)).toEqual(counts);
});

test('counts are added up', () => {
  const one = { passed: 2, failed: 1, skipped: 0 };
  expect(addCounts([one, one, { passed: 1, failed: 0, skipped: 4 }])).toEqual({ passed: 5, failed: 2, skipped: 4 });
});

test('steps that need the tests’ own cluster or mesh are told apart, since they run one after the other', () => {
  const names = (faults: boolean) =>
    listTestSteps(programs, '/reports', faults).flatMap(({ name, onCluster }) => (onCluster ? [name] : []));
  expect([names(false), names(true)]).toEqual([['cluster', 'e2e'], ['faults']]);
});
