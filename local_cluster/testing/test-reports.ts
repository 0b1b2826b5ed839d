/** What test runners report: how many tests passed, and which failed. */

/** How a step, or a file of tests, went. A program that tests one thing, such as the linter, counts as one test. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test that failed. */
export interface Failure {
  /** Its file from the project's folder, where the report names one. */
  file?: string;
  title: string;
  /** The first line of what went wrong; empty where the report has none. */
  message: string;
}

/** What a report says. */
export interface Report {
  counts: Counts;
  failures: Failure[];
  /** The tests that passed, where the report names each with its file. */
  passed?: Pick<Failure, 'file' | 'title'>[];
}

/** Adds up. */
export function addCounts(all: Counts[]): Counts {
  const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

const wholeFile = 'the file as a whole';

/** What of Vitest's JSON report is read. Statuses beside `passed` and `failed` are kinds of skipped. */
interface VitestReport {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] | null }[];
  }[];
}

/**
 * Reads Vitest's JSON report. A file that could not be run, or whose hooks failed, is one failure more.
 * @param projectFolder what the files' names begin with
 */
export function readVitestReport(text: string, projectFolder: string): Report {
  const { testResults } = JSON.parse(text) as VitestReport;
  const files = testResults.map(({ name, status, message, assertionResults }): Report => {
    const file = name.replace(`${projectFolder}/`, '');
    const failures = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({ file, title: test.fullName, message: firstLine(test.failureMessages?.[0]) }));
    if (status === 'failed' && failures.length === 0)
      failures.push({ file, title: wholeFile, message: firstLine(message) });
    const passed = assertionResults
      .filter((test) => test.status === 'passed')
      .map((test) => ({ file, title: test.fullName }));
    // Not a test that counts, but what a file that failed as a whole is compared with when it runs again.
    if (status === 'passed') passed.push({ file, title: wholeFile });
    const skipped = assertionResults.filter((test) => !['passed', 'failed'].includes(test.status)).length;
    const count = passed.filter(({ title }) => title !== wholeFile).length;
    return { counts: { passed: count, failed: failures.length, skipped }, failures, passed };
  });
  return {
    counts: addCounts(files.map(({ counts }) => counts)),
    failures: files.flatMap(({ failures }) => failures),
    passed: files.flatMap(({ passed }) => passed!),
  };
}

/** Reads a JUnit report as pytest writes it. */
export function readJunitReport(text: string): Report {
  const suite = /<testsuite [^>]*>/.exec(text)?.[0] ?? '';
  const attribute = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = attribute('failures') + attribute('errors');
  const skipped = attribute('skipped');
  const cases = text.matchAll(
    /<testcase classname="([^"]*)" name="([^"]*)"[^>]*>\s*<(?:failure|error) message="([^"]*)"/g,
  );
  const failures = [...cases].map(([, of, name, message]) => ({
    title: `${of} ${name}`,
    message: firstLine(message!.replaceAll('&#10;', '\n')),
  }));
  return { counts: { passed: attribute('tests') - failed - skipped, failed, skipped }, failures };
}

/** Reads what a program of Go tests prints with `-test.v`. Subtests are not counted: each is part of a test. */
export function readGoReport(text: string): Report {
  const count = (outcome: string) => [...text.matchAll(new RegExp(`^--- ${outcome}: `, 'gm'))].length;
  const failures = [...text.matchAll(/^--- FAIL: (\S+)/gm)].map(([, title]) => ({ title: title!, message: '' }));
  return { counts: { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP') }, failures };
}

function firstLine(message = ''): string {
  return message.trim().split('\n')[0]!;
}
