// From a container's specification to a running process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import type { ImageDescription } from '../images/images.ts';
import type { AddressPair } from '../network/addresses.ts';
import type { NodeContext } from '../node-context.ts';
import type { PodObjects } from '../volumes/pod-objects.ts';
import { resolveMounts } from '../volumes/volumes.ts';
import type { ContainerLimits } from './cgroups.ts';
import { accountFolder, describeProcess, type ProcessSurroundings } from './container-process.ts';
import { logFile, terminationLog } from './container-runner.ts';
import { resolveEnvironment } from './environment.ts';
import type { PodContainer } from './pod-container.ts';
import { describePodKubeconfig } from './pod-kubeconfig.ts';
import { readRecord, type ShimConfig } from './records.ts';

export interface PreparedPod {
  pod: V1Pod;
  folder: string;
  address: AddressPair;
  objects: PodObjects;
  volumes: Map<string, string>;
}

/** Run-to-completion pods give way to services: a third of the CPU share, and this niceness. */
const batchNiceness = 5;
const batchShareDivisor = 3;

/**
 * Starts a new run of the container. Its end, also when the program cannot be executed, is told by its runner.
 * @throws ContainerConfigError, VolumeError or KubernetesError when it cannot be described now
 */
export async function startContainer(
  container: PodContainer,
  image: ImageDescription,
  prepared: PreparedPod,
  node: NodeContext,
): Promise<void> {
  const around = await readSurroundings(container, image, prepared, node);
  container.runner.start((runFolder, number) => {
    const process = describeProcess(container.spec, {
      ...around,
      terminationLog: terminationLog({ folder: runFolder }),
    });
    container.process = { ...process, image };
    const id = `${prepared.pod.metadata!.uid}-${container.spec.name}-${number}`;
    const groups = node.cgroups.create(id, limitsOf(container, prepared.pod));
    return {
      argv: process.argv,
      env: [...process.env].map(([name, value]) => `${name}=${value}`),
      cwd: process.cwd,
      log: logFile({ folder: runFolder }),
      cgroups: groups.folders,
      memoryEvents: groups.memoryEvents,
      niceness: isBatch(prepared.pod) ? batchNiceness : 0,
      paths: [...process.paths],
      image,
    };
  });
}

/** Describes the process of a container that was started by an earlier agent, for its probes and hooks. */
export function describeRunning({ runner }: PodContainer): PodContainer['process'] {
  const config = readRecord<ShimConfig>(runner.current!.folder, 'config.json');
  if (!config) return undefined;
  const { argv, env, cwd, paths, image } = config;
  return { argv, cwd, image, paths: new Map(paths), env: new Map(env.map(splitVariable)) };
}

function splitVariable(variable: string): [string, string] {
  const end = variable.indexOf('=');
  return [variable.slice(0, end), variable.slice(end + 1)];
}

async function readSurroundings(
  { spec }: PodContainer,
  image: ImageDescription,
  { pod, folder, address, objects, volumes }: PreparedPod,
  node: NodeContext,
): Promise<Omit<ProcessSurroundings, 'terminationLog'>> {
  const { nodeAddress, allocatable } = node;
  const variables = await resolveEnvironment(pod, spec, objects, { address, nodeAddress, allocatable });
  const mounts = await resolveMounts(spec, volumes, variables);
  const account = mounts.get(accountFolder);
  mkdirSync(join(folder, 'home'), { recursive: true });
  return {
    pod,
    image,
    podFolder: folder,
    cacheFolder: node.cacheFolder,
    address,
    dnsServers: node.dnsServers,
    mounts,
    variables,
    apiServer: new URL(node.cluster.server),
    kubeconfig: account && writeKubeconfig(folder, node, account, pod.metadata!.namespace!),
  };
}

function writeKubeconfig(folder: string, { cluster }: NodeContext, account: string, namespace: string): string {
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, describePodKubeconfig(cluster.server, account, namespace), { mode: 0o600 });
  return file;
}

function limitsOf({ spec }: PodContainer, pod: V1Pod): ContainerLimits {
  const { limits = {}, requests = {} } = spec.resources ?? {};
  const asked = cpuMillis(requests.cpu ?? limits.cpu ?? '0') * 1.024;
  const shares = isBatch(pod) ? asked / batchShareDivisor : Math.max(asked, 1024);
  return {
    cpuMillis: limits.cpu ? cpuMillis(limits.cpu) : undefined,
    memoryBytes: limits.memory ? scaledValue(limits.memory) : undefined,
    cpuShares: Math.max(2, Math.round(shares)),
  };
}

function cpuMillis(quantity: string): number {
  return scaledValue(quantity, -3);
}

function isBatch(pod: V1Pod): boolean {
  return pod.spec!.restartPolicy !== 'Always';
}
