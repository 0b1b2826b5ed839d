/** The rig's cluster: the control plane that `npm start` has too, two nodes of containers, DNS and metrics-server. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { V1APIService, V1DaemonSet, V1NodeList } from '@kubernetes/client-node';
import { type Api, startControlPlane } from '../local_cluster/control_plane/control-plane.ts';
import { startSupervised } from '../local_cluster/supervisor/supervised-process.ts';
import type { InsideOptions } from './inside-options.ts';
import { apiServiceAddress, contextName, nodePlaces, outside } from './layout.ts';
import { kubeProxyArgs } from './nodes/kubelet.ts';
import { type RigNode, startNode } from './nodes/node.ts';

const readyWithinMs = 180_000;
const pollMs = 200;

/** A cluster that runs. */
export interface RigCluster {
  /** The administrator's. */
  kubeconfig: string;
  nodes: RigNode[];
  kubectl: Api['kubectl'];
  connection: Api['connection'];
}

/** Starts it; returns when pods can run, find each other by name, and be measured. */
export async function startCluster(options: InsideOptions, log: (line: string) => void): Promise<RigCluster> {
  const { stateFolder } = options;
  const startingNodes = nodePlaces.map((place) =>
    startNode({ ...options, place, cgroup: `/${options.cgroup}/${place.name}`, log }),
  );
  const plane = await startControlPlane({
    programs: options.controlPlane,
    address: outside.address,
    stateFolder,
    nodes: 'containers',
    credentials: {
      context: contextName,
      apiServerHosts: [apiServiceAddress, 'kubernetes.default.svc.cluster.local'],
      hosts: Object.fromEntries(nodePlaces.map(({ name, address }) => [name, [address, name]])),
    },
    log,
    async beforeControllers(api) {
      const joining = startingNodes.map(async (starting) => (await starting).join(api));
      const others = [applyAddons(api), startProxy(api, options, log)];
      await Promise.all([...joining, ...others]);
    },
  });
  await waitForNodes(plane);
  await waitForAddons(plane);
  return {
    kubeconfig: plane.credentials.kubeconfigs.admin,
    nodes: await Promise.all(startingNodes),
    kubectl: plane.kubectl,
    connection: plane.connection,
  };
}

async function applyAddons({ kubectl }: Api): Promise<void> {
  const folder = path.join(import.meta.dirname, 'addons');
  await kubectl(['apply', '--server-side', '--field-manager=rig', '-k', folder]);
}

/** Services answer where the tests run too, whatever becomes of a node. */
async function startProxy({ credentials }: Api, options: InsideOptions, log: (line: string) => void): Promise<void> {
  const { stateFolder, nodePrograms } = options;
  const folder = path.join(stateFolder, 'outside');
  mkdirSync(folder, { recursive: true });
  // It has to be of a node; this one sees as much of Services as any other.
  const [{ name }] = nodePlaces as [(typeof nodePlaces)[number]];
  await startSupervised({
    name: 'kube-proxy',
    command: nodePrograms,
    args: ['kube-proxy', ...kubeProxyArgs(folder, name, credentials.kubeconfigs[name])],
    logFile: path.join(stateFolder, 'logs', 'kube-proxy.log'),
    stateFolder,
    isReady: async () => true,
    readyWithinMs,
    stopGraceMs: 1_000,
    onEvent: log,
  });
}

async function waitForNodes({ connection }: Api): Promise<void> {
  await waitUntil('the nodes are not ready', async () => {
    const { items } = await connection.get<V1NodeList>('/api/v1/nodes');
    const ready = items.filter(({ status }) => isTrue('Ready', status?.conditions));
    return ready.length === nodePlaces.length;
  });
}

async function waitForAddons({ connection }: Api): Promise<void> {
  await waitUntil("the cluster's DNS does not answer", async () => {
    const { status } = await connection.get<V1DaemonSet>('/apis/apps/v1/namespaces/kube-system/daemonsets/coredns');
    return status?.numberReady === nodePlaces.length;
  });
  await waitUntil('metrics-server does not answer', async () => {
    const path = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';
    const { status } = await connection.get<V1APIService>(path);
    return isTrue('Available', status?.conditions);
  });
}

function isTrue(type: string, conditions: { type: string; status: string }[] = []): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

async function waitUntil(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + readyWithinMs;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`${otherwise}, ${readyWithinMs / 1000} s after the start`);
    await sleep(pollMs);
  }
}
