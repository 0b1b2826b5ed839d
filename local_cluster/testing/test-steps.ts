/** The steps of `npm test`: what each runs, and how many tests it then says that it ran. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../install/cache.ts';

/** Set in the environment of tests that are to take the time for everything that they know. */
export const thoroughTests = 'MESH_THOROUGH_TESTS';

/** How a step went. A program that tests one thing, such as the linter, counts as one test. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** One step. */
export interface TestStep {
  name: string;
  command: string;
  args: string[];
  /** Set for it besides the environment of `npm test`. */
  env?: Record<string, string>;
  /** It needs the cluster or the mesh of its tests. Such steps run one after the other, the others beside them. */
  onCluster?: boolean;
  /** Where the test runner writes what it has found. */
  reportFile?: string;
  /** Reads that file; a step without one counts as one test. */
  readReport?: (text: string) => Counts;
}

/** Programs that steps run. */
export interface TestPrograms {
  /** The Python of the test tools. */
  python: string;
  /** Go's tests of the shim. */
  shimTests: string;
  /** Folders with the networks that come with the image. */
  networks: string[];
}

/** Lists the steps. */
export function listTestSteps(
  { python, shimTests, networks }: TestPrograms,
  reportFolder: string,
  faults: boolean,
): TestStep[] {
  const vitest = (project: string, onCluster = false) => ({ ...vitestStep(project, reportFolder), onCluster });
  if (faults) return [vitest('faults', true)];
  const junit = path.join(reportFolder, 'pytest.xml');
  const goReport = path.join(reportFolder, 'go.txt');
  return [
    { name: 'format', command: bin('biome'), args: ['format', '.'] },
    { name: 'lint', command: bin('biome'), args: ['lint', '--error-on-warnings', '.'] },
    { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
    { name: 'page types', command: bin('tsc'), args: ['--noEmit', '-p', 'web_ui'] },
    vitest('unit'),
    { name: 'ruff', command: python, args: ['-m', 'ruff', 'check', '.'] },
    { name: 'python format', command: python, args: ['-m', 'ruff', 'format', '--check', '.'] },
    {
      name: 'go test',
      command: 'sh',
      args: ['-c', '"$0" -test.v >"$1" 2>&1; code=$?; cat "$1"; exit $code', shimTests, goReport],
      reportFile: goReport,
      readReport: readGoReport,
    },
    {
      name: 'pytest',
      command: python,
      args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${junit}`, 'model_config'],
      env: { MESH_TEST_NETWORKS: networks.join(path.delimiter) },
      reportFile: junit,
      readReport: readJunitReport,
    },
    // Starts meshes of its own. Beside the end-to-end tests, both rows of steps take about as long.
    vitest('meshes'),
    vitest('cluster', true),
    vitest('e2e', true),
  ];
}

/** The step that runs one of Vitest's projects. */
export function vitestStep(project: string, reportFolder: string): TestStep {
  const reportFile = path.join(reportFolder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const args = ['run', '--project', project, ...reporters];
  return { name: project, command: bin('vitest'), args, reportFile, readReport: readVitestReport };
}

function bin(name: string): string {
  return path.join(projectFolder, 'node_modules', '.bin', name);
}

/**
 * Counts what a step has done, from how it ended and its report. A step that failed without a failed test (it could
 * not start, say), and one that ran no test at all, count as one failure.
 */
export function countStep(step: TestStep, exitCode: number | null, readFile = readIfThere): Counts {
  if (!step.readReport || !step.reportFile) {
    return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  }
  const report = readFile(step.reportFile);
  const counts = report === undefined ? { passed: 0, failed: 0, skipped: 0 } : step.readReport(report);
  const isSound = exitCode === 0 && counts.passed > 0;
  return counts.failed === 0 && !isSound ? { ...counts, failed: 1 } : counts;
}

/** Adds up. */
export function addCounts(all: Counts[]): Counts {
  const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

function readVitestReport(text: string): Counts {
  const report = JSON.parse(text);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function readJunitReport(text: string): Counts {
  const suite = /<testsuite [^>]*>/.exec(text)?.[0] ?? '';
  const attribute = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = attribute('failures') + attribute('errors');
  return { passed: attribute('tests') - failed - attribute('skipped'), failed, skipped: attribute('skipped') };
}

/** Subtests are not counted: each is part of a test. */
function readGoReport(text: string): Counts {
  const count = (outcome: string) => [...text.matchAll(new RegExp(`^--- ${outcome}: `, 'gm'))].length;
  return { passed: count('PASS'), failed: count('FAIL'), skipped: count('SKIP') };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
