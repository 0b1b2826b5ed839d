// For tests: one of the services as a process of its own, started as its users start it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { findFreePort } from '@ml-job-mesh/cluster-client/testing/free-port.ts';
import { onTestFinished } from 'vitest';

const projectFolder = resolve(import.meta.dirname, '../..');

/**
 * Starts a program of the project, until the test is over.
 * @param args its file, from the project's folder, and its arguments
 * @param kubeconfig the cluster that it is given
 * @param settings environment variables besides the usual ones
 */
export async function startServiceProcess(args: string[], kubeconfig: string, settings: NodeJS.ProcessEnv = {}) {
  const port = await findFreePort();
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig, PORT: String(port), LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    /** What it has printed. */
    output: () => output,
    /** Its exit code; null while it runs. */
    exitCode: () => child.exitCode,
    /** Tells it to stop; gives its exit code when it has. */
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}
