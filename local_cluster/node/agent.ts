// The node agent: makes one node of the embedded cluster out of this machine, as kubelet and a container runtime would.
//
//   node agent.ts --name node-1 --number 1 --octet 244 --kubeconfig FILE --client-ca FILE --state DIR
//                 --images FILE.json --shim FILE [--host-address 127.0.0.1]
//
// SIGTERM shuts the node down, its pods with it. SIGKILL leaves them running, for the next agent to find.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connectToCluster } from '@ml-job-mesh/cluster-client';
import { watchForAbandonment } from '../supervisor/abandonment.ts';
import { killProcess } from '../supervisor/process-identity.ts';
import { findControlPlane } from '../supervisor/process-records.ts';
import { measureContainers } from './metrics/measured-containers.ts';
import { createMetricsAccess } from './metrics/metrics-access.ts';
import { addressPair, createAddressPool } from './network/addresses.ts';
import { canReplaceHosts, startPodHosts } from './network/pod-hosts.ts';
import { createEventRecorder } from './pod/events.ts';
import { type PodManager, startPodManager } from './pod/pod-manager.ts';
import { readNodeMemory } from './registration/memory.ts';
import { startNodeRegistration } from './registration/node-registration.ts';
import { loadServingCertificate } from './registration/serving-certificate.ts';
import { detectCgroups } from './runs/cgroups.ts';
import { startNodeServer } from './server/node-server.ts';

const nodeCpus = 2;
const logPort = 10250;
const dnsPort = 1053;
/** The whole shutdown has to fit into what a supervisor grants; pods get this much of it. */
const shutdownGraceMs = 8_000;
/** What pods may take longer than that (a hook, then a sidecar, each with its least patience), and the reports of their ends. */
const reportMs = 8_000;

const { values } = parseArgs({
  options: {
    name: { type: 'string' },
    number: { type: 'string' },
    octet: { type: 'string', default: '244' },
    kubeconfig: { type: 'string' },
    'client-ca': { type: 'string' },
    'client-name': { type: 'string', multiple: true, default: ['kube-apiserver-kubelet-client'] },
    state: { type: 'string' },
    images: { type: 'string' },
    shim: { type: 'string' },
    'host-address': { type: 'string', default: '127.0.0.1' },
  },
});

await startAgent().catch((fault: Error) => {
  console.error(`node agent: ${fault.message}`);
  process.exit(1);
});

async function startAgent(): Promise<void> {
  // Asked for early, it is done as soon as there is something to shut down.
  const endAsked = Promise.withResolvers<unknown>();
  process.on('SIGTERM', endAsked.resolve);
  process.on('SIGINT', endAsked.resolve);
  let isAbandoned = false;
  const name = required('name');
  const log = (message: string) => writeLine(`${new Date().toISOString()} ${name} ${message}`);
  const node = await startNode(name, log);
  const stateFolder = dirname(resolve(required('state')));
  watchForAbandonment(stateFolder, () => {
    log('the supervisor and the state folder of this cluster are gone: ending it');
    // The other nodes notice by themselves, and end their own pods.
    isAbandoned = true;
    endAsked.resolve(undefined);
  });
  await endAsked.promise;
  log('shutting down');
  const killAbandoned = async () => {
    if (isAbandoned) await Promise.all(findControlPlane(stateFolder).map(killProcess));
  };
  setTimeout(() => void killAbandoned().finally(() => process.exit(1)), shutdownGraceMs + reportMs);
  await node.shutDown();
  await killAbandoned();
  process.exit(0);
}

async function startNode(name: string, log: (message: string) => void): Promise<{ shutDown(): Promise<void> }> {
  const state = resolve(required('state'));
  const shim = resolve(required('shim'));
  const octet = Number(values.octet);
  const number = Number(required('number'));
  const nodeAddress = addressPair(octet, number, 1);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const cgroups = await detectCgroups(shim, cgroupName(state));
  const limits = { cpu: cgroups.describe('cpu'), memory: cgroups.describe('memory') };
  log(
    `CPU limits ${limits.cpu}; memory limits ${limits.memory}; containers are processes, not isolated from each other`,
  );

  const cluster = connectToCluster({ kubeconfig: required('kubeconfig') });
  const memory = readNodeMemory();
  const capacity = { cpu: nodeCpus, memory: memory.capacity };
  const allocatable = { cpu: nodeCpus, memory: memory.allocatable };
  let pods: PodManager | undefined;
  // First of all the port: an agent of this node that is still running keeps a second one from touching its pods.
  const server = await startNodeServer({
    host: nodeAddress.local,
    port: logPort,
    certificate: await loadServingCertificate(state, name, nodeAddress.local),
    clientAuthority: readFileSync(required('client-ca')),
    clientNames: values['client-name'],
    find: (namespace, podName) => pods?.find(namespace, podName),
    metrics: {
      mayRead: createMetricsAccess(cluster, name),
      // Few clusters have anybody who asks, and every agent would load the library as it starts.
      describe: async () => {
        const { describeResources } = await import('./metrics/resource-metrics.ts');
        return describeResources(measureContainers(pods?.list() ?? []));
      },
    },
  });
  const hosts = (await canReplaceHosts(shim)) ? startPodHosts(cluster, log) : undefined;
  if (!hosts) log("containers see the machine's /etc/hosts, without the names of the cluster");
  const annotations = {
    'ml-job-mesh.io/cpu-limits': limits.cpu,
    'ml-job-mesh.io/memory-limits': limits.memory,
    'ml-job-mesh.io/cluster-names': hosts ? 'in every pod: /etc/hosts' : 'for Envoy alone: no mounts of our own',
  };
  const description = { name, address: nodeAddress, logPort, capacity, allocatable, folder: state, annotations };
  const registration = startNodeRegistration(cluster, description, log);
  const events = createEventRecorder(cluster, name);
  pods = startPodManager({
    nodeName: name,
    cluster,
    events,
    addresses: createAddressPool(octet, number),
    nodeAddress,
    cgroups,
    hosts,
    dnsServers: [1, 2].map((node) => `127.${octet}.${node}.1:${dnsPort}`),
    hostAddress: values['host-address'],
    podsFolder: join(state, 'pods'),
    // Outside the state, so that a new state folder begins with it, and one for all nodes.
    cacheFolder: join(import.meta.dirname, '..', '..', 'node_modules', '.cache'),
    imagesFile: resolve(required('images')),
    shim,
    allocatable,
    log,
  });

  const { shutDown } = pods;
  return {
    async shutDown() {
      await Promise.all([registration.shutDown(), shutDown(shutdownGraceMs)]);
      await events.flush();
      server.close();
      hosts?.stop();
      await cgroups.removeAll();
      await cluster.close();
    },
  };
}

/** Not by console.log, which writes nothing more after the first line that a full disk has refused. */
function writeLine(line: string): void {
  try {
    writeSync(process.stdout.fd, `${line}\n`);
  } catch {
    // The line is lost.
  }
}

/** One of its own for each node of each cluster on the machine. */
function cgroupName(state: string): string {
  return `ml-job-mesh-${createHash('sha256').update(state).digest('hex').slice(0, 12)}`;
}

function required(name: 'name' | 'number' | 'kubeconfig' | 'client-ca' | 'state' | 'images' | 'shim'): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}
