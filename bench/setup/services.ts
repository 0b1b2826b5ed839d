// The mesh's own services as processes of this machine, with the files and settings that they are deployed with.
import { join } from 'node:path';
import { type BackgroundProcess, startProcess } from './background-process.ts';
import type { BenchCluster } from './bench-cluster.ts';

export const projectFolder = join(import.meta.dirname, '..', '..');

export interface Service extends BackgroundProcess {
  url: string;
}

export interface ServiceOptions {
  /** Which of the cluster's addresses it listens on. */
  address: number;
  /** With which account it talks to the cluster; the administrator's if left out. */
  kubeconfig?: string;
  env?: Record<string, string>;
}

/** Starts `node service.ts TIER`, or another entry that serves a tier; it ends with the stack. */
export function startTier(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  tier: 'free' | 'premium',
  { entry = ['service.ts', tier], ...options }: ServiceOptions & { entry?: string[] },
): Promise<Service> {
  return startService(stack, cluster, { name: `${tier}-tier`, entry, port: 3000, ...options });
}

/** Starts the grader interface; it ends with the stack. */
export function startGrader(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  options: ServiceOptions,
): Promise<Service> {
  return startService(stack, cluster, {
    name: 'grader-interface',
    entry: ['grader_interface.ts'],
    port: 5000,
    ...options,
  });
}

async function startService(
  stack: AsyncDisposableStack,
  cluster: BenchCluster,
  {
    name,
    entry,
    port,
    address,
    kubeconfig = cluster.kubeconfig,
    env,
  }: ServiceOptions & {
    name: string;
    entry: string[];
    port: number;
  },
): Promise<Service> {
  const host = cluster.address(address);
  const [file, ...args] = entry;
  const running = await startProcess(stack, {
    name,
    command: process.execPath,
    args: [join(projectFolder, file!), ...args],
    env: {
      KUBECONFIG: kubeconfig,
      HOST: host,
      PORT: String(port),
      METRICS_PORT: '9090',
      NODE_ENV: 'production',
      ...env,
    },
    folder: cluster.folder,
    readyUrl: `http://${host}:9090/internal/ready`,
  });
  return { ...running, url: `http://${host}:${port}` };
}
