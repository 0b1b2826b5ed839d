/** Starts the control plane in order (etcd, API server, then the two that need it) and stops it in the reverse one. */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusterConnection, connectToCluster } from '@ml-job-mesh/cluster-client';
import { type ProcessPlan, type SupervisedProcess, startSupervised } from '../supervisor/supervised-process.ts';
import { ports } from './address-octet.ts';
import type { KeyPair } from './certificates.ts';
import {
  apiServerArgs,
  type ComponentSettings,
  controllerManagerArgs,
  etcdArgs,
  type NodeKind,
  schedulerArgs,
} from './components.ts';
import { type CredentialOptions, type Credentials, prepareCredentials } from './credentials.ts';
import { runKubectl } from './kubectl.ts';
import { type Component, commandOf } from './programs.ts';

const readyWithinMs = 120_000;
const stopGraceMs = 20_000;
/** As kubelet has it for the control plane's pods. */
const oomScoreAdj = -997;
const controllers = ['kube-scheduler', 'kube-controller-manager'];

/** A control plane that runs. */
export interface ControlPlane {
  credentials: Credentials;
  processes: SupervisedProcess[];
  /** Calls the API as the cluster's administrator. */
  connection: ClusterConnection;
  /** Runs kubectl as the cluster's administrator; gives what it printed. Throws with its message if it fails. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** Stops the controllers, so that nothing new begins. */
  stopControllers(): Promise<void>;
  /** Stops what is left, the API server before etcd. */
  stop(): Promise<void>;
}

/** The API, without the controllers behind it. */
export type Api = Pick<ControlPlane, 'credentials' | 'connection' | 'kubectl'>;

/** What the control plane is started with. */
export interface ControlPlaneOptions {
  /** The components' programs, as `commandOf` takes them. */
  programs: string;
  /** Where all of it listens, for instance `127.244.0.1`. */
  address: string;
  stateFolder: string;
  /** What the nodes run; pods as processes unless told otherwise. */
  nodes?: NodeKind;
  /** What the certificates name besides the address, and who else is given one. */
  credentials?: CredentialOptions;
  log: (line: string) => void;
  /**
   * Awaited when the API answers and nothing is controlled yet. Nodes are started here: found not ready, as a stop has
   * left them, they would lose their pods.
   */
  beforeControllers?: (api: Api) => Promise<void>;
  /** Ends the start when it is aborted before `beforeControllers`; from then on it has no effect. */
  cancel?: AbortSignal | undefined;
}

/** Starts all four components; returns when each says that it is healthy. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { address, stateFolder, programs, nodes = 'processes' } = options;
  const credentials = await prepareCredentials(stateFolder, address, ports.apiServer, options.credentials);
  const settings: ComponentSettings = { address, stateFolder, credentials, nodes };
  const started: SupervisedProcess[] = [];
  const stopNamed = async (names: string[]) => {
    const chosen = names.flatMap((name) => started.filter((process) => process.name === name));
    for (const process of chosen) await process.stop();
  };
  const start = async (name: Component, args: string[], isReady: () => Promise<boolean>) => {
    const plan = planFor(options, name, args, isReady);
    if (options.cancel && !controllers.includes(name)) plan.cancel = options.cancel;
    const onReturn = name === 'etcd' || name === 'kube-apiserver' ? { onReturn: renewControllers } : {};
    started.push(await startSupervised({ ...plan, ...onReturn }));
  };
  /**
   * After an absence of the API, watches of these two wait up to half a minute before they ask again, and nothing runs
   * meanwhile; elsewhere they lose their leader's lease and end. Started anew they ask at once.
   */
  const renewControllers = async () => {
    const giveUpAt = performance.now() + readyWithinMs;
    while (!(await answersOk(address, ports.apiServer, '/readyz', admin).catch(() => false))) {
      if (performance.now() > giveUpAt) return;
      await sleep(100, undefined, { ref: false });
    }
    await Promise.all(started.filter(({ name }) => controllers.includes(name)).map((one) => one.restart()));
  };
  const admin = { ca: credentials.clusterCa, client: credentials.admin };
  const api: Api = {
    credentials,
    connection: connectToCluster({ kubeconfig: credentials.kubeconfigs.admin }),
    kubectl: (args, input) => runKubectl(programs, [`--kubeconfig=${credentials.kubeconfigs.admin}`, ...args], input),
  };
  try {
    const etcd = { ca: credentials.etcdCa, client: credentials.etcdClient };
    await start('etcd', etcdArgs(settings), () => answersOk(address, ports.etcdClient, '/health', etcd));
    await start('kube-apiserver', apiServerArgs(settings), () => answersOk(address, ports.apiServer, '/readyz', admin));
    options.cancel?.throwIfAborted();
    await options.beforeControllers?.(api);
    await Promise.all([
      start('kube-controller-manager', controllerManagerArgs(settings), () =>
        answersOk(address, ports.controllerManager, '/healthz', admin),
      ),
      start('kube-scheduler', schedulerArgs(settings), () => answersOk(address, ports.scheduler, '/healthz', admin)),
    ]);
  } catch (error) {
    await stopNamed(started.map((process) => process.name).reverse());
    await api.connection.close();
    throw error;
  }
  return {
    ...api,
    processes: started,
    stopControllers: () => stopNamed(controllers),
    async stop() {
      await stopNamed([...controllers, 'kube-apiserver', 'etcd']);
      await api.connection.close();
    },
  };
}

function planFor(
  { programs, stateFolder, log }: ControlPlaneOptions,
  name: Component,
  args: string[],
  isReady: () => Promise<boolean>,
): ProcessPlan {
  const { command, first } = commandOf(programs, name);
  const logFile = path.join(stateFolder, 'logs', `${name}.log`);
  return {
    name,
    command,
    args: [...first, ...args],
    logFile,
    stateFolder,
    isReady,
    readyWithinMs,
    stopGraceMs,
    oomScoreAdj,
    onEvent: log,
  };
}

/** Asks a health address with a client certificate; true if the answer is 200. Throws while nothing answers. */
function answersOk(host: string, port: number, url: string, access: { ca: string; client: KeyPair }): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const request = https.get({
      host,
      port,
      path: url,
      ca: readFileSync(access.ca),
      cert: readFileSync(access.client.certificate),
      key: readFileSync(access.client.key),
      agent: false,
      timeout: 5_000,
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
