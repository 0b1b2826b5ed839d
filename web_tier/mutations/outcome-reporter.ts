// Writes what came of the tests of each row to the file that `OUTCOMES` names.
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

/** What came of the tests of one row. */
export interface Outcome {
  passed: string[];
  failed: string[];
  /** Messages of what failed, set-ups included. */
  errors: string[];
}

export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = modules.flatMap(({ children }) => [...children.suites()]);
    const outcomes = Object.fromEntries(suites.map((suite) => [suite.name, outcomeOf(suite)]));
    const faults = modules.flatMap((module) => module.errors().map(({ message }) => message));
    writeFileSync(process.env.OUTCOMES!, JSON.stringify({ outcomes, faults }));
  }
}

function outcomeOf(suite: TestSuite): Outcome {
  const tests = [...suite.children.allTests()];
  const named = (state: string) =>
    tests.filter((test) => test.result().state === state).map(({ fullName }) => fullName);
  const suites = [suite, ...suite.children.allSuites()].flatMap((each) => each.errors());
  const errors = [...suites, ...tests.flatMap((test) => test.result().errors ?? [])];
  return { passed: named('passed'), failed: named('failed'), errors: errors.map(({ message }) => message) };
}
