/** The nodes of the embedded cluster: one process of the node agent each, on an address of its own. */
import path from 'node:path';
import type { V1Lease, V1Node } from '@kubernetes/client-node';
import type { Api } from './control_plane/control-plane.ts';
import { nodeNames } from './control_plane/credentials.ts';
import type { Software } from './install/install.ts';
import { grantNodeAccess } from './node-access.ts';
import { type SupervisedProcess, startSupervised } from './supervisor/supervised-process.ts';

const readyWithinMs = 60_000;
/** A node gives its pods their own grace before. */
const stopGraceMs = 30_000;

/** What all of them are started with. */
export interface NodeSettings {
  stateFolder: string;
  octet: number;
  software: Software;
  /** The file that tells what this machine has for each image. */
  imagesFile: string;
  /** Where this machine listens for the pods' host ports. */
  hostAddress: string;
  log: (line: string) => void;
}

/**
 * Starts the nodes; returns when all of them are ready.
 * @param started takes each as soon as it is, also when another one fails
 */
export async function startNodes(settings: NodeSettings, api: Api, started: SupervisedProcess[]): Promise<void> {
  const starting = nodeNames.map(async (name, index) => {
    started.push(await startNode(settings, api, name, index + 1));
  });
  const granting = grantNodeAccess(api.credentials.kubeconfigs.admin);
  await Promise.allSettled([granting, ...starting]);
  await Promise.all([granting, ...starting]);
}

function startNode(
  { stateFolder, octet, software, imagesFile, hostAddress, log }: NodeSettings,
  { credentials, connection }: Api,
  name: (typeof nodeNames)[number],
  number: number,
): Promise<SupervisedProcess> {
  const options = {
    name,
    number,
    octet,
    kubeconfig: credentials.kubeconfigs[name],
    'client-ca': credentials.nodeClientCa,
    state: path.join(stateFolder, name),
    images: imagesFile,
    shim: software.shim,
    'host-address': hostAddress,
  };
  const startedAt = Date.now();
  return startSupervised({
    name,
    command: process.execPath,
    args: [
      path.join(import.meta.dirname, 'node', 'agent.ts'),
      ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]),
    ],
    logFile: path.join(stateFolder, 'logs', `${name}.log`),
    stateFolder,
    isReady: () => isReady(connection, name, startedAt),
    readyWithinMs,
    stopGraceMs,
    onEvent: log,
  });
}

/** Ready in its status, and by a lease that this run of the agent has renewed: the status may be one from before. */
async function isReady(connection: Api['connection'], name: string, startedAt: number): Promise<boolean> {
  const { spec } = await connection.get<V1Lease>(
    `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`,
  );
  if (!(Date.parse(`${spec?.renewTime}`) >= startedAt)) return false;
  const { status } = await connection.get<V1Node>(`/api/v1/nodes/${name}`);
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}
