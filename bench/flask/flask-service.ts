// Starts the Flask service that the mesh is compared with, under its own server or under gunicorn.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDescendants } from '../measure/cpu-time.ts';
import { startProcess } from '../setup/background-process.ts';
import type { BenchCluster } from '../setup/bench-cluster.ts';
import { projectFolder } from '../setup/services.ts';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, 'requirements.txt');

export interface FlaskService {
  url: string;
  /** Its processes, workers included. */
  pids(): number[];
  stop(): Promise<void>;
}

/**
 * A Python environment with Flask and the Kubernetes client, made in the user's cache at the first call.
 * @returns the folder of its programs
 */
export async function prepareFlask(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, 'ml-job-mesh', `bench-flask-${version}`);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    console.error(`installing Flask and the Kubernetes client into ${folder}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--requirement', requirements]);
    writeFileSync(complete, '');
  }
  return join(folder, 'bin');
}

/**
 * Starts it; it ends with the stack. `namespace` is where its Jobs go, and it talks to the cluster with the
 * administrator's account if no other kubeconfig is given.
 */
export async function startFlask(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  options: { server: 'own' | 'gunicorn'; namespace: string; address: number; kubeconfig?: string },
): Promise<FlaskService> {
  const programs = await prepareFlask();
  const host = cluster.address(options.address);
  const port = '5000';
  const [program, ...args] =
    options.server === 'own'
      ? ['python', join(import.meta.dirname, 'flask_baseline.py'), host, port]
      : ['gunicorn', '--workers', '2', '--threads', '8', '--bind', `${host}:${port}`, 'flask_baseline:app'];
  const running = await startProcess(stack, {
    name: `flask-${options.server}-${options.namespace}`,
    command: join(programs, program!),
    args,
    env: {
      KUBECONFIG: options.kubeconfig ?? cluster.kubeconfig,
      NAMESPACE: options.namespace,
      JOB_TEMPLATE: join(projectFolder, 'free_service/job/free-job-template.yaml'),
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    folder: cluster.folder,
    readyUrl: `http://${host}:${port}/healthz`,
    readyWithinMs: 60_000,
  });
  return { url: `http://${host}:${port}`, pids: () => withDescendants(running.pid), stop: running.stop };
}
