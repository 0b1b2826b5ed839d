/**
 * For tests: `mesh` run against a stub of the job API, a Fastify server on the loopback interface whose routes each
 * test writes for itself, so that it can break in ways that the true service cannot be told to.
 */
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { type FastifyInstance, fastify } from 'fastify';
import { onTestFinished } from 'vitest';
import { runCommandLine } from '../command-line.ts';
import type { Terminal } from '../terminal.ts';

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Whether standard output is a terminal, of 100 columns. */
  isTTY?: boolean;
  signal?: AbortSignal;
  env?: Record<string, string>;
  onOutput?: (stdout: string) => void;
}

/** Runs `mesh` in this process, and gives what it wrote. */
export async function runMesh(args: string[], options: RunOptions = {}): Promise<Outcome> {
  const { isTTY = false, signal = new AbortController().signal, env = {}, onOutput } = options;
  const written = { stdout: '', stderr: '' };
  const outputTo = (name: keyof typeof written) => ({
    isTTY,
    columns: 100,
    write(chunk: string | Uint8Array): boolean {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      if (name === 'stdout') onOutput?.(written.stdout);
      return true;
    },
    once: () => undefined,
  });
  const terminal: Terminal = { stdout: outputTo('stdout'), stderr: outputTo('stderr'), env, signal };
  const exitCode = await runCommandLine(args, terminal);
  return { exitCode, ...written };
}

/** Starts a stub with these routes; gives `mesh` bound to its address. It is stopped when the test is over. */
export async function startStubMesh(addRoutes: (app: FastifyInstance) => void) {
  const app = fastify({ forceCloseConnections: true });
  addRoutes(app);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  return (args: string[], options: RunOptions = {}): Promise<Outcome> =>
    runMesh(args, { ...options, env: { MESH_URL: url, ...options.env } });
}

/** A job as the service shows it. */
export function jobWith(changes: Partial<Job> = {}): Job {
  return {
    id: 'free-job-template-abc',
    tier: 'free',
    dataset: 'mnist',
    model: 'ff',
    epochs: 5,
    pretrained: false,
    status: 'queued',
    queue_position: null,
    estimated_start_at: null,
    waiting_reason: null,
    created_at: '2026-01-01T10:00:00.000Z',
    started_at: null,
    finished_at: null,
    progress: null,
    result: null,
    error: null,
    ...changes,
  };
}

/** A refusal in the form of RFC 9457. */
export function problemOf(status: number, code: string, title: string, detail: string) {
  return { type: 'about:blank', title, status, detail, code };
}
