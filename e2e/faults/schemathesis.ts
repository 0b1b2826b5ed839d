// Runs schemathesis, which makes requests up from an OpenAPI document and compares the answers with it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPython } from '../../local_cluster/install/python.ts';
import { installTools } from '../../local_cluster/install/python-packages.ts';
import { lockFiles } from '../../local_cluster/install/requirements.ts';
import { thoroughTests } from '../../local_cluster/testing/test-steps.ts';

/** What it may not hold against the mesh, and why; all of its checks are on otherwise. */
const exceptions = path.join(import.meta.dirname, 'schemathesis.toml');

const limits = [
  // The same requests in every run, so that what one run finds can be looked at in the next.
  ...['--seed', '1', '--generation-deterministic', '--request-timeout', '20'],
  // Of what is made up at random; what follows from the document, value by value, is always complete.
  ...(process.env[thoroughTests] ? ['--max-examples', '25'] : ['--max-examples', '4', '--max-time', '75']),
];

/** Finds or installs it, from its own lock file; gives the path of its program. */
export async function installSchemathesis(): Promise<string> {
  const context = { say: () => undefined, signal: new AbortController().signal };
  const { value: found } = await findPython();
  const { value: python } = await installTools(context, found, {
    name: 'schemathesis',
    lock: lockFiles.schemathesis,
  });
  return path.join(path.dirname(python), 'schemathesis');
}

/** How a run went: what it says, how many calls of the document it tested, and with how many requests. */
export interface Findings {
  exitCode: number;
  report: string;
  operations: number;
  requests: number;
}

/**
 * Runs it with all of its checks.
 * @param origin where the service is
 * @param document the path of its OpenAPI document
 */
export async function runSchemathesis(program: string, origin: string, document: string): Promise<Findings> {
  // It keeps what it has found in its working directory.
  const folder = await mkdtemp(path.join(tmpdir(), 'schemathesis-'));
  const args = ['--config-file', exceptions, 'run', '--no-color', ...limits];
  try {
    const { exitCode, report } = await run(program, [...args, '--url', origin, origin + document], folder);
    return {
      exitCode,
      report,
      operations: Number(/Tested: (\d+)/.exec(report)?.[1]),
      requests: Number(/(\d+) generated/.exec(report)?.[1]),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: string[], cwd: string): Promise<{ exitCode: number; report: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, maxBuffer: 64 * 1_024 ** 2 }, (error, stdout, stderr) => {
      const exitCode = error ? Number(error.code ?? -1) : 0;
      resolve({ exitCode, report: stdout + stderr });
    });
  });
}
