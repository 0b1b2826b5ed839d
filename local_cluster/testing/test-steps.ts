/** The steps of `npm test`: what each runs, and how many tests it then says that it ran. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../install/cache.ts';
import { readGoReport, readJunitReport, readVitestReport, type Report } from './test-reports.ts';

/** Set in the environment of tests that are to take the time for everything that they know. */
export const thoroughTests = 'MESH_THOROUGH_TESTS';

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
  readReport?: (text: string) => Report;
  /** The same step with these files of tests alone. */
  only?: (files: string[]) => TestStep;
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
      args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${junit}`, 'model_config', 'load-testing'],
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
export function vitestStep(project: string, reportFolder: string, files: string[] = []): TestStep {
  const reportFile = path.join(reportFolder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  return {
    name: project,
    command: bin('vitest'),
    args: ['run', '--project', project, ...reporters, ...files],
    reportFile,
    readReport: (text) => readVitestReport(text, projectFolder),
    only: (some) => vitestStep(project, reportFolder, some),
  };
}

function bin(name: string): string {
  return path.join(projectFolder, 'node_modules', '.bin', name);
}

/**
 * Says what a step has found, from how it ended and its report. A step that failed without a failed test (it could not
 * start, say), and one that ran no test at all, count as one failure.
 */
export function reportOf(step: TestStep, exitCode: number | null, readFile = readIfThere): Report {
  if (!step.readReport || !step.reportFile) {
    const counts = exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
    return { counts, failures: [] };
  }
  const text = readFile(step.reportFile);
  const report = text === undefined ? nothing : step.readReport(text);
  const isSound = exitCode === 0 && report.counts.passed > 0;
  if (report.counts.failed > 0 || isSound) return report;
  return { ...report, counts: { ...report.counts, failed: 1 } };
}

const nothing: Report = { counts: { passed: 0, failed: 0, skipped: 0 }, failures: [] };

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
