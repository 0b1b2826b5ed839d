// From a container's specification to a running process.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import { accountFolder, describeProcess, type ProcessSurroundings } from '../environment/container-process.ts';
import { resolveEnvironment } from '../environment/environment.ts';
import { describePodKubeconfig } from '../environment/pod-kubeconfig.ts';
import type { ImageDescription } from '../images/images.ts';
import type { ContainerLimits } from '../runs/cgroups.ts';
import { logFile, terminationLog } from '../runs/runner.ts';
import { resolveMounts } from '../volumes/volumes.ts';
import type { ContainerHost, PreparedPod } from './container-owner.ts';
import { oomScoreOf } from './oom-score.ts';
import type { PodContainer } from './pod-container.ts';

/** Run-to-completion pods give way to services: a third of the CPU share, and this niceness. */
const batchNiceness = 5;
const batchShareDivisor = 3;

/**
 * Starts a new run of the container.
 * @throws ContainerConfigError, VolumeError or KubernetesError when it cannot be described now
 */
export async function startContainer(
  container: PodContainer,
  image: ImageDescription,
  pod: V1Pod,
  prepared: PreparedPod,
  host: ContainerHost,
): Promise<void> {
  const { spec } = container;
  const around = await readSurroundings(spec, image, pod, prepared, host);
  container.begin(({ folder, number }) => {
    const process = describeProcess(spec, { ...around, terminationLog: terminationLog({ folder }) });
    const groups = host.cgroups.create(`${pod.metadata!.uid}-${spec.name}-${number}`, limitsOf(spec, pod));
    const config = {
      argv: process.argv,
      env: [...process.env].map(([name, value]) => `${name}=${value}`),
      cwd: process.cwd,
      log: logFile({ folder }),
      cgroups: groups.folders,
      memoryEvents: groups.memoryEvents,
      niceness: isBatch(pod) ? batchNiceness : 0,
      hosts: image.asksDns ? '' : (prepared.hosts ?? ''),
      oomScoreAdj: oomScoreOf(pod, spec, host.allocatable.memory),
      paths: [...process.paths],
      image,
    };
    return { process: { ...process, image }, config };
  });
}

async function readSurroundings(
  spec: V1Container,
  image: ImageDescription,
  pod: V1Pod,
  { folder, address, objects, volumes }: PreparedPod,
  host: ContainerHost,
): Promise<Omit<ProcessSurroundings, 'terminationLog'>> {
  const { nodeAddress, allocatable, cacheFolder, dnsServers, cluster } = host;
  const variables = await resolveEnvironment(pod, spec, objects, { address, nodeAddress, allocatable });
  const mounts = await resolveMounts(spec, volumes, variables);
  const account = mounts.get(accountFolder);
  mkdirSync(join(folder, 'home'), { recursive: true });
  return {
    pod,
    image,
    podFolder: folder,
    cacheFolder,
    address,
    dnsServers,
    mounts,
    variables,
    apiServer: new URL(cluster.server),
    kubeconfig:
      account === undefined ? undefined : writeKubeconfig(folder, cluster.server, account, pod.metadata!.namespace!),
  };
}

function writeKubeconfig(folder: string, server: string, account: string, namespace: string): string | undefined {
  const kubeconfig = describePodKubeconfig(server, account, namespace);
  if (kubeconfig === undefined) return undefined;
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig, { mode: 0o600 });
  return file;
}

function limitsOf(spec: V1Container, pod: V1Pod): ContainerLimits {
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
