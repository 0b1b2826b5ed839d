/**
 * The embedded cluster: Kubernetes' own control plane and two nodes that run pods as processes of this machine. All that
 * it keeps is in one state folder; starting it again there goes on where it ended, however that was.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { claimOctet, type OctetClaim } from './control_plane/address-octet.ts';
import { type Api, type ControlPlane, startControlPlane } from './control_plane/control-plane.ts';
import { nodeNames } from './control_plane/credentials.ts';
import { installSoftware, requirePlatform, type Software } from './install/install.ts';
import { writeImages } from './node-images.ts';
import { type Lock, tryLock } from './supervisor/lock.ts';
import { endLeftovers, readRecords, recordProcess } from './supervisor/process-records.ts';
import { type SupervisedProcess, startSupervised } from './supervisor/supervised-process.ts';

const nodeReadyWithinMs = 60_000;
/** A node gives its pods their own grace before. */
const nodeStopGraceMs = 30_000;

/** How to start it. */
export interface EmbeddedClusterOptions {
  /** Made if it is not there. */
  stateFolder: string;
  /** Where this machine listens for the pods' host ports; loopback unless told otherwise. */
  hostAddress?: string;
  /** The address octet to try first; the one that this state folder had before goes first of all. */
  octet?: number;
  /** Found or installed if not given. */
  software?: Software;
  /** Told in one line each what happens to the cluster's own processes. */
  log?: (line: string) => void;
}

/** A cluster that runs. */
export interface EmbeddedCluster {
  /** The administrator's kubeconfig. */
  kubeconfig: string;
  /** Everything of this cluster listens in 127.OCTET.0.0/16. */
  octet: number;
  /** Something else had taken the octet that it had before: pods that run on have addresses that are not its own. */
  hasMoved: boolean;
  software: Software;
  /** The ids of its processes now, by name: etcd, kube-apiserver, …, node-1, node-2. */
  readonly processes: Record<string, number>;
  /** Runs kubectl as administrator; gives what it printed, throws with its message if it fails. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** Ends all of it: running pods are shut down and reported as such. Stopping twice is fine. */
  stop(): Promise<void>;
}

/** Another process runs the cluster of this state folder. */
export class ClusterRunsError extends Error {
  override name = 'ClusterRunsError';
}

/**
 * Starts the cluster of a state folder; returns when both nodes are ready.
 * @throws ClusterRunsError if it runs already
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  requirePlatform();
  const { stateFolder, log = () => undefined } = options;
  const lock = await lockState(stateFolder);
  let claim: OctetClaim | undefined;
  let controlPlane: ControlPlane | undefined;
  const nodes: SupervisedProcess[] = [];

  const stopAll = async () => {
    // First nothing new begins, then what runs is ended and reported, then the API goes.
    await controlPlane?.stopControllers();
    await Promise.all(nodes.map((node) => node.stop()));
    await controlPlane?.stop();
    recordProcess(stateFolder, 'supervisor', undefined);
    await claim?.release();
    await lock.release();
  };
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll();
    return stopping;
  };

  try {
    const software = options.software ?? (await installSoftware());
    const ended = await endLeftovers(stateFolder);
    if (ended.length > 0) log(`ended what an earlier run had left: ${ended.join(', ')}`);
    recordProcess(stateFolder, 'supervisor', process.pid);
    const before = octetBefore(stateFolder);
    claim = await claimOctet(before ?? options.octet);
    writeFileSync(path.join(stateFolder, 'octet'), `${claim.octet}\n`);
    const { octet } = claim;
    const imagesFile = writeImages(stateFolder, software);
    const startNodes = async (api: Api) => {
      const starting = nodeNames.map(async (name, index) => {
        nodes.push(await startNode({ ...options, software, log }, api, name, index + 1, octet, imagesFile));
      });
      await Promise.allSettled(starting);
      await Promise.all(starting);
    };
    const plane = await startControlPlane({
      binary: software.controlPlane,
      octet,
      stateFolder,
      log,
      beforeControllers: startNodes,
    });
    controlPlane = plane;
    return {
      kubeconfig: plane.credentials.kubeconfigs.admin,
      octet,
      hasMoved: before !== undefined && before !== octet,
      software,
      get processes() {
        const all = [...plane.processes, ...nodes];
        return Object.fromEntries(all.flatMap((one) => (one.pid() === undefined ? [] : [[one.name, one.pid()!]])));
      },
      kubectl: plane.kubectl,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Takes the state folder for this process. */
async function lockState(stateFolder: string): Promise<Lock> {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const lock = await tryLock(stateFolder);
  if (lock) return lock;
  const pid = readRecords(stateFolder).supervisor?.pid;
  throw new ClusterRunsError(`the cluster in ${stateFolder} runs already${pid ? ` (process ${pid})` : ''}`);
}

/**
 * @throws ClusterRunsError if a process runs the cluster of this state folder now
 */
export async function requireNotRunning(stateFolder: string): Promise<void> {
  if (!existsSync(stateFolder)) return;
  const lock = await lockState(stateFolder);
  await lock.release();
}

/** Pods that outlived the supervisor have addresses with the octet of that run, so it is tried first. */
function octetBefore(stateFolder: string): number | undefined {
  const file = path.join(stateFolder, 'octet');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
}

function startNode(
  {
    stateFolder,
    software,
    hostAddress = '127.0.0.1',
    log,
  }: EmbeddedClusterOptions & { software: Software; log: (line: string) => void },
  { credentials, kubectl }: Api,
  name: (typeof nodeNames)[number],
  number: number,
  octet: number,
  imagesFile: string,
): Promise<SupervisedProcess> {
  const settings = {
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
      ...Object.entries(settings).flatMap(([option, value]) => [`--${option}`, String(value)]),
    ],
    logFile: path.join(stateFolder, 'logs', `${name}.log`),
    stateFolder,
    isReady: () => isNodeReady(kubectl, name, startedAt),
    readyWithinMs: nodeReadyWithinMs,
    stopGraceMs: nodeStopGraceMs,
    onEvent: log,
  });
}

/** Ready in its status, and by a lease that this run of the agent has renewed: the status may be one from before. */
async function isNodeReady(kubectl: Api['kubectl'], name: string, startedAt: number): Promise<boolean> {
  const renewed = await kubectl(['get', 'lease', '-n', 'kube-node-lease', name, '-o', 'jsonpath={.spec.renewTime}']);
  if (!(Date.parse(renewed) >= startedAt)) return false;
  const ready = '{.status.conditions[?(@.type=="Ready")].status}';
  return (await kubectl(['get', 'node', name, '-o', `jsonpath=${ready}`])) === 'True';
}
