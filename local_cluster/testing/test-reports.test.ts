import { expect, test } from 'vitest';
import { addCounts, readGoReport, readJunitReport, readVitestReport } from './test-reports.ts';

test('Vitest’s report names each failed test with its file and the first line of its message', () => {
  const fileOf = (name: string, assertionResults: object[], message = '') => ({
    ...{ name: `/project/${name}`, status: message ? 'failed' : 'passed', message, assertionResults },
  });
  const text = JSON.stringify({
    testResults: [
      fileOf('a.test.ts', [
        { status: 'passed', fullName: 'one', failureMessages: [] },
        { status: 'failed', fullName: 'group two', failureMessages: ['Error: no\n    at a.test.ts:1'] },
        { status: 'pending', fullName: 'three', failureMessages: null },
        { status: 'todo', fullName: 'four', failureMessages: null },
      ]),
      fileOf('b.test.ts', [], 'cannot be read\nat all'),
      fileOf('c.test.ts', [{ status: 'passed', fullName: 'one', failureMessages: [] }]),
    ],
  });
  expect(readVitestReport(text, '/project')).toEqual({
    counts: { passed: 2, failed: 2, skipped: 2 },
    failures: [
      { file: 'a.test.ts', title: 'group two', message: 'Error: no' },
      { file: 'b.test.ts', title: 'the file as a whole', message: 'cannot be read' },
    ],
    passed: [
      { file: 'a.test.ts', title: 'one' },
      { file: 'a.test.ts', title: 'the file as a whole' },
      { file: 'c.test.ts', title: 'one' },
      { file: 'c.test.ts', title: 'the file as a whole' },
    ],
  });
});

test('pytest’s report counts errors as failures', () => {
  const cases =
    '<testcase classname="test_a" name="test_one" time="0.1" /><testcase classname="test_a" name="test_two" time="0.1">' +
    '<failure message="assert 1 == 2&#10; + more">trace</failure></testcase>' +
    '<testcase classname="test_b" name="test_three[1]" time="0.1"><error message="no such file">trace</error></testcase>';
  const suite = `<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="9" time="1">${cases}</testsuite></testsuites>`;
  expect(readJunitReport(suite)).toEqual({
    counts: { passed: 6, failed: 2, skipped: 1 },
    failures: [
      { title: 'test_a test_two', message: 'assert 1 == 2' },
      { title: 'test_b test_three[1]', message: 'no such file' },
    ],
  });
});

test('Go counts tests, not their parts', () => {
  const text =
    '=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- FAIL: TestA/part (0.00s)\n--- FAIL: TestB (0.1s)\n--- SKIP: TestC (0s)\n';
  expect(readGoReport(text)).toEqual({
    counts: { passed: 1, failed: 1, skipped: 1 },
    failures: [{ title: 'TestB', message: '' }],
  });
});

test('counts are added up', () => {
  const one = { passed: 2, failed: 1, skipped: 0 };
  expect(addCounts([one, one, { passed: 1, failed: 0, skipped: 4 }])).toEqual({ passed: 5, failed: 2, skipped: 4 });
});
