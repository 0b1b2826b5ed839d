// Runs the probe in the containers of a pod: each is what its spec says, but for the image and what it runs.
import { readFileSync } from 'node:fs';
import { jobImageOf } from '../../../e2e/mesh.ts';
import { type PodSpec, runPod } from '../cluster-tools.ts';

/** What a container found that it may do. */
export interface Findings {
  user: number;
  group: number;
  groups: number[];
  no_new_privileges: boolean;
  /** The bounding set, as a number; 0 is none. */
  capabilities: number;
  /** The kernel's word for the mode; `2` is a filter. */
  seccomp: string;
  /** Whether a system call outside the runtime's profile is allowed, or the error. */
  keyring: string;
  /** `written`, or the error. */
  root: string;
  token: boolean;
  /** How many other Services the environment tells of. */
  service_variables: number;
  /** What the container's cgroup says, as the kernel writes it. */
  cpu_quota: string;
  cpu_shares: string;
  memory_limit: string;
  /** In CPUs. */
  cpu?: number;
  /** The exit code of the process that allocated; negative is a signal. */
  memory?: number;
  /** Statuses. */
  api?: number[];
}

export interface ProbeOptions {
  spinSeconds?: number;
  allocateMib?: number;
  apiPaths?: [method: string, path: string][];
}

type Container = PodSpec['containers'][number];

/** What belongs to the program that is not run: its arguments, when it is ready, how it ends, where it works. */
const ofTheProgram = [
  ...['args', 'ports', 'workingDir', 'lifecycle', 'restartPolicy'],
  ...['startupProbe', 'readinessProbe', 'livenessProbe'],
];

const program = readFileSync(new URL('probe.py', import.meta.url), 'utf8');

/** A pod's spec with the probe in the place of what its containers run. */
export async function withProbe(spec: PodSpec, options: ProbeOptions = {}): Promise<PodSpec> {
  const image = (await jobImageOf('free'))!;
  const env = [
    { name: 'SPIN_SECONDS', value: `${options.spinSeconds ?? ''}` },
    { name: 'ALLOCATE_MIB', value: `${options.allocateMib ?? ''}` },
    { name: 'API_PATHS', value: options.apiPaths ? JSON.stringify(options.apiPaths) : '' },
  ];
  const probing = (container: Container): Container => {
    const kept = Object.entries(container).filter(([field]) => !ofTheProgram.includes(field));
    return { ...(Object.fromEntries(kept) as unknown as Container), image, env, command: ['python3', '-c', program] };
  };
  return {
    ...spec,
    restartPolicy: 'Never',
    containers: spec.containers.map(probing),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(probing) }),
  };
}

/** Runs a pod with the probe in it; gives what each of its containers found, by name. */
export async function probe(
  namespace: string,
  spec: PodSpec,
  options: ProbeOptions = {},
): Promise<Record<string, Findings>> {
  const logs = await runPod(namespace, await withProbe(spec, options));
  const read = ([name, log]: [string, string]) => {
    const line = log.trim().split('\n').at(-1)!;
    if (!line.startsWith('{')) throw new Error(`the probe in ${name} found nothing: ${log}`);
    return [name, JSON.parse(line) as Findings];
  };
  return Object.fromEntries(Object.entries(logs).map(read));
}
