// The Node object: what this node is and has, that it is ready, and the Lease that says that it is alive.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { V1Lease, V1Node, V1NodeCondition, V1NodeStatus } from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';
import { kubernetesVersion } from '../../control_plane/versions.ts';
import type { AddressPair } from '../network/addresses.ts';
import { findDiskPressure, readDiskSpace } from './disk-pressure.ts';

export interface NodeDescription {
  name: string;
  address: AddressPair;
  logPort: number;
  /** Cores and bytes: all that it has, and what pods may have of it. */
  capacity: { cpu: number; memory: number };
  allocatable: { cpu: number; memory: number };
  /** What pods write is on this folder's disk. */
  folder: string;
  annotations: Record<string, string>;
}

const leaseSeconds = 40;
const renewMs = 10_000;
const retryMs = 1_000;
const maxPods = 110;

/**
 * Registers the node, or takes over the one of this name, and keeps its Lease until it is stopped.
 * @param log told of what the API server refused
 */
export function startNodeRegistration(
  cluster: ClusterConnection,
  node: NodeDescription,
  log: (message: string) => void,
) {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isRegistered = false;
  let renewedAt = 0;
  let pressure = readDiskPressure(node, log);

  async function keep(): Promise<void> {
    let nextMs = renewMs;
    try {
      // Whoever was not heard of for so long counts as lost, and has to say that it is not.
      if (!isRegistered || Date.now() - renewedAt > (leaseSeconds * 1000) / 2) {
        await register(cluster, node, pressure);
        if (!isRegistered) log(`registered as ${node.name}, ${node.address.announced}`);
        isRegistered = true;
      }
      await renewLease(cluster, node.name);
      renewedAt = Date.now();
      // Kubernetes may have given the node up while it was itself away; nobody but the node takes that back.
      const pressureBefore = pressure;
      pressure = readDiskPressure(node, log);
      const hasChanged = (pressure === undefined) !== (pressureBefore === undefined);
      if (hasChanged) log(pressure ?? 'the disk has enough room again');
      if (hasChanged || !(await isReadyInApi(cluster, node.name)))
        await patchStatus(cluster, node.name, describeStatus(node, pressure));
    } catch (fault) {
      // Gone from the API, e.g. after a reset: it is registered anew.
      if (fault instanceof KubernetesError && fault.status === 404) isRegistered = false;
      log(`${isRegistered ? 'lease' : 'registration'}: ${(fault as Error).message}`);
      nextMs = retryMs;
    }
    if (!isStopped) timer = setTimeout(keep, nextMs);
  }
  void keep();

  return {
    /** Says that no more pods are to come here. The Lease ends by itself. */
    async shutDown(): Promise<void> {
      isStopped = true;
      clearTimeout(timer);
      const conditions = [readyCondition('False', 'KubeletNotReady', 'node is shutting down')];
      await patchStatus(cluster, node.name, { conditions }).catch(() => undefined);
    },
  };
}

/** What the disk lacks, if anything. */
function readDiskPressure({ folder }: NodeDescription, log: (message: string) => void): string | undefined {
  try {
    return findDiskPressure(readDiskSpace(folder));
  } catch (fault) {
    log(`the disk cannot be looked at: ${(fault as Error).message}`);
    return undefined;
  }
}

async function register(
  cluster: ClusterConnection,
  node: NodeDescription,
  pressure: string | undefined,
): Promise<void> {
  const { name, annotations } = node;
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture(),
  };
  const body: V1Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations },
    spec: {},
  };
  try {
    await cluster.create('/api/v1/nodes', body);
  } catch (fault) {
    if (!(fault instanceof KubernetesError) || fault.status !== 409) throw fault;
    await cluster.patch(`/api/v1/nodes/${name}`, { metadata: { labels, annotations } }, { type: 'merge' });
  }
  await patchStatus(cluster, name, describeStatus(node, pressure));
}

function patchStatus(cluster: ClusterConnection, name: string, status: V1NodeStatus): Promise<unknown> {
  return cluster.patch(`/api/v1/nodes/${name}/status`, { status }, { type: 'strategic' });
}

async function isReadyInApi(cluster: ClusterConnection, name: string): Promise<boolean> {
  const { status } = await cluster.get<V1Node>(`/api/v1/nodes/${name}`);
  return status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

function describeStatus(node: NodeDescription, pressure: string | undefined): V1NodeStatus {
  const { name, address, logPort } = node;
  return {
    capacity: describeResources(node.capacity),
    allocatable: describeResources(node.allocatable),
    addresses: [
      { type: 'InternalIP', address: address.announced },
      { type: 'ExternalIP', address: address.local },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'memory is not watched on this node'),
      pressure === undefined
        ? condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'the disk has enough room')
        : condition('DiskPressure', 'True', 'KubeletHasDiskPressure', pressure),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'pids are not watched on this node'),
      readyCondition('True', 'KubeletReady', 'the node agent runs pods as processes'),
    ],
    nodeInfo: {
      architecture: architecture(),
      bootID: readLine('/proc/sys/kernel/random/boot_id'),
      containerRuntimeVersion: 'process://1.0.0',
      kernelVersion: os.release(),
      kubeProxyVersion: '',
      kubeletVersion: `${kubernetesVersion}-ml-job-mesh`,
      machineID: readLine('/etc/machine-id'),
      operatingSystem: 'linux',
      osImage: readOsName(),
      systemUUID: readLine('/etc/machine-id'),
    },
  };
}

function describeResources({ cpu, memory }: { cpu: number; memory: number }): Record<string, string> {
  return { cpu: String(cpu), memory: `${Math.floor(memory / 1024)}Ki`, pods: String(maxPods) };
}

function readyCondition(status: string, reason: string, message: string): V1NodeCondition {
  return condition('Ready', status, reason, message);
}

function condition(type: string, status: string, reason: string, message: string): V1NodeCondition {
  const now = new Date();
  return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: now };
}

async function renewLease(cluster: ClusterConnection, name: string): Promise<void> {
  const collection = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  // A time in microseconds, as the API wants it for leases.
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime };
  try {
    await cluster.patch(`${collection}/${name}`, { spec }, { type: 'merge' });
  } catch (fault) {
    if (!(fault instanceof KubernetesError) || fault.status !== 404) throw fault;
    const { metadata } = await cluster.get<V1Node>(`/api/v1/nodes/${name}`);
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid: metadata!.uid! };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease', ownerReferences: [owner] },
      spec,
    };
    await cluster.create(collection, lease as unknown as V1Lease);
  }
}

function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function readLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function readOsName(): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readLine('/etc/os-release'))?.[1] ?? 'Linux';
}
