// Starts the Flask service that the mesh is compared with, under its own server or under gunicorn.
import { dirname, join } from 'node:path';
import { findPython } from '../../local_cluster/install/python.ts';
import { installTools } from '../../local_cluster/install/python-packages.ts';
import { lockFiles } from '../../local_cluster/install/requirements.ts';
import { withDescendants } from '../measure/cpu-time.ts';
import { startProcess } from '../setup/background-process.ts';
import type { BenchCluster } from '../setup/bench-cluster.ts';
import { projectFolder } from '../setup/services.ts';

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
  const { value: python } = await findPython();
  const context = { say: () => undefined, signal: new AbortController().signal };
  const { value: program } = await installTools(context, python, { name: 'bench-flask', lock: lockFiles.benchFlask });
  return dirname(program);
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
