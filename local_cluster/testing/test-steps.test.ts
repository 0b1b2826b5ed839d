import { expect, test } from 'vitest';
import { listTestSteps, reportOf } from './test-steps.ts';

const programs = { python: 'python', shimTests: 'shim-tests', networks: ['/networks/mnist', '/networks/photos'] };
const steps = listTestSteps(programs, '/reports', false);
const [format, unit, goTest, pytest] = ['format', 'unit', 'go test', 'pytest'].map((name) =>
  steps.find((step) => step.name === name),
);
const goReport = '--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.1s)\n';
const junit =
  '<testsuites><testsuite name="pytest" errors="1" failures="0" skipped="0" tests="3" time="1"></testsuite></testsuites>';
const vitestReport = (...statuses: string[]) =>
  JSON.stringify({
    testResults: [
      { name: 'a.test.ts', status: 'passed', message: '', assertionResults: statuses.map((status) => ({ status })) },
    ],
  });

test.each([
  ['a program that tests one thing counts as one', format!, 0, undefined, { passed: 1, failed: 0, skipped: 0 }],
  ['so it does when it fails', format!, 1, undefined, { passed: 0, failed: 1, skipped: 0 }],
  [
    'a test runner counts as its report says',
    unit!,
    0,
    vitestReport('passed', 'skipped'),
    { passed: 1, failed: 0, skipped: 1 },
  ],
  ['Go counts as what it prints says', goTest!, 1, goReport, { passed: 1, failed: 1, skipped: 0 }],
  ['pytest counts as its report says', pytest!, 1, junit, { passed: 2, failed: 1, skipped: 0 }],
  [
    'a run that failed without a failed test is one failure',
    unit!,
    1,
    vitestReport('passed'),
    { passed: 1, failed: 1, skipped: 0 },
  ],
  ['a run of no tests is a failure', unit!, 0, vitestReport(), { passed: 0, failed: 1, skipped: 0 }],
  ['a run without a report is a failure', unit!, 0, undefined, { passed: 0, failed: 1, skipped: 0 }],
  ['a run that was killed is a failure', unit!, null, vitestReport('passed'), { passed: 1, failed: 1, skipped: 0 }],
] as const)('%s', (_, step, exitCode, report, counts) => {
  expect(reportOf(step, exitCode, () => report).counts).toEqual(counts);
});

test('the files of a step of Vitest can run alone', () => {
  const args = unit!.only!(['a.test.ts']).args;
  expect(args).toEqual([...unit!.args, 'a.test.ts']);
});

test('steps that need the tests’ own cluster or mesh are told apart, since they run one after the other', () => {
  const names = (faults: boolean) =>
    listTestSteps(programs, '/reports', faults).flatMap(({ name, onCluster }) => (onCluster ? [name] : []));
  expect([names(false), names(true)]).toEqual([['cluster', 'e2e'], ['faults']]);
});
