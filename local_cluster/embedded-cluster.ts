/**
 * The embedded cluster: Kubernetes' own control plane and two nodes that run pods as processes of this machine. All that
 * it keeps is in one state folder; starting it again there goes on where it ended, however that was.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { type NodeSettings, startNodes } from './cluster-nodes.ts';
import { claimOctet, controlPlaneAddress } from './control_plane/address-octet.ts';
import { type Api, type ControlPlane, startControlPlane } from './control_plane/control-plane.ts';
import { octetBefore, recordOctet } from './control_plane/octet-record.ts';
import { isReplacementPending, recordReplacementDone } from './control_plane/pending-replacement.ts';
import { holdSoftware, installSoftware, requirePlatform, type Software } from './install/install.ts';
import type { Images } from './node/images/images.ts';
import { writeImages } from './node-images.ts';
import { findRunningContainers } from './supervisor/leftover-containers.ts';
import { type Lock, tryLock } from './supervisor/lock.ts';
import { endLeftovers, readRecords, recordProcess } from './supervisor/process-records.ts';
import type { SupervisedProcess } from './supervisor/supervised-process.ts';

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
  /** Awaited beside the start of the nodes, when the API answers and nothing is controlled yet. */
  whileNodesStart?: (api: Api) => Promise<void>;
  /** Images that its nodes have besides the mesh's own. */
  images?: Images;
  /**
   * Ends the start when it is aborted before the nodes are started. Later, and where containers of an earlier run go on, it
   * has no effect: those are ended in order by a cluster that runs.
   */
  cancel?: AbortSignal;
  /** Told in one line each what happens to the cluster's own processes. */
  log?: (line: string) => void;
}

/** A cluster that runs. */
export interface EmbeddedCluster {
  /** The administrator's kubeconfig. */
  kubeconfig: string;
  /** Everything of this cluster listens in 127.OCTET.0.0/16. */
  octet: number;
  /**
   * Pods that run on know the cluster as it was: something else had taken the octet that it had before, or its authorities
   * were lost. True at every start until `recordReplacementDone`.
   */
  needsReplacement: boolean;
  /** To be called when every pod that others connect to, or that connects to the API, has been replaced. */
  recordReplacementDone(): void;
  /** The certificate of the authority that the API server's certificate is from, PEM. */
  authority: string;
  software: Software;
  /** Calls the API as administrator. */
  connection: Api['connection'];
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
  const { stateFolder, hostAddress = '127.0.0.1', log = () => undefined } = options;
  await using starting = new AsyncDisposableStack();
  const lock = await lockCluster(stateFolder);
  starting.defer(() => lock.release());
  const software = options.software ?? (await installSoftware());
  starting.defer(holdSoftware(software));
  const ended = await endLeftovers(stateFolder);
  if (ended.length > 0) log(`ended what an earlier run had left: ${ended.join(', ')}`);
  const before = octetBefore(stateFolder);
  const { octet, release } = await claimOctet({ preferred: before ?? options.octet, own: before });
  starting.defer(release);
  recordOctet(stateFolder, octet);
  recordProcess(stateFolder, 'supervisor', process.pid);
  starting.defer(() => recordProcess(stateFolder, 'supervisor', undefined));
  const imagesFile = writeImages(stateFolder, software, options.images);
  const { plane, nodes } = await startProcesses(
    starting,
    {
      stateFolder,
      octet,
      software,
      imagesFile,
      hostAddress,
      log,
    },
    options.whileNodesStart,
    findRunningContainers(stateFolder).length === 0 ? options.cancel : undefined,
  );

  const running = starting.move();
  let stopping: Promise<void> | undefined;
  return {
    kubeconfig: plane.credentials.kubeconfigs.admin,
    octet,
    needsReplacement: isReplacementPending(stateFolder),
    recordReplacementDone: () => recordReplacementDone(stateFolder),
    authority: readFileSync(plane.credentials.clusterCa, 'utf8'),
    software,
    connection: plane.connection,
    get processes() {
      const all = [...plane.processes, ...nodes];
      return Object.fromEntries(all.flatMap((one) => (one.pid() === undefined ? [] : [[one.name, one.pid()!]])));
    },
    kubectl: plane.kubectl,
    stop() {
      stopping ??= running.disposeAsync();
      return stopping;
    },
  };
}

/** Starts the control plane and the nodes, which end with the stack. */
async function startProcesses(
  stack: AsyncDisposableStack,
  settings: NodeSettings,
  whileNodesStart: (api: Api) => Promise<void> = async () => undefined,
  cancel?: AbortSignal,
) {
  const { octet, stateFolder, software, log } = settings;
  const nodes: SupervisedProcess[] = [];
  let plane: ControlPlane | undefined;
  // From the last to the first, each whatever comes of the others: nothing new begins, what runs is ended and reported,
  // and the API goes.
  stack.defer(() => plane?.stop());
  stack.defer(() => settleAll(nodes.map((node) => node.stop())));
  stack.defer(() => plane?.stopControllers());
  plane = await startControlPlane({
    programs: software.controlPlane,
    address: controlPlaneAddress(octet),
    stateFolder,
    log,
    cancel,
    beforeControllers: async (api) => {
      const both = [startNodes(settings, api, nodes), whileNodesStart(api)];
      await Promise.allSettled(both);
      await Promise.all(both);
    },
  });
  return { plane, nodes };
}

/** Waits for all of them, also when one fails. */
async function settleAll(all: Promise<void>[]): Promise<void> {
  await Promise.allSettled(all);
  await Promise.all(all);
}

/**
 * Takes the state folder for this process.
 * @throws ClusterRunsError if another one has it
 */
export async function lockCluster(stateFolder: string): Promise<Lock> {
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
  const lock = await lockCluster(stateFolder);
  await lock.release();
}
