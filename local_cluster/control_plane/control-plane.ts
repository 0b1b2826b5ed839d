/** Starts the control plane in order (etcd, API server, then the two that need it) and stops it in the reverse one. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheFolder } from '../install/cache.ts';
import { type ProcessPlan, type SupervisedProcess, startSupervised } from '../supervisor/supervised-process.ts';
import { controlPlaneAddress, ports } from './address-octet.ts';
import type { KeyPair } from './certificates.ts';
import { apiServerArgs, type ComponentSettings, controllerManagerArgs, etcdArgs, schedulerArgs } from './components.ts';
import { type Credentials, prepareCredentials } from './credentials.ts';

const readyWithinMs = 120_000;
const stopGraceMs = 20_000;
const controllers = ['kube-scheduler', 'kube-controller-manager'];

/** A control plane that runs. */
export interface ControlPlane {
  credentials: Credentials;
  processes: SupervisedProcess[];
  /** Runs kubectl as the cluster's administrator; gives what it printed. Throws with its message if it fails. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** Stops the controllers, so that nothing new begins. */
  stopControllers(): Promise<void>;
  /** Stops what is left, the API server before etcd. */
  stop(): Promise<void>;
}

/** The API, without the controllers behind it. */
export type Api = Pick<ControlPlane, 'credentials' | 'kubectl'>;

/** What the control plane is started with. */
export interface ControlPlaneOptions {
  /** The program that holds all components. */
  binary: string;
  octet: number;
  stateFolder: string;
  log: (line: string) => void;
  /**
   * Awaited when the API answers and nothing is controlled yet. Nodes are started here: found not ready, as a stop has
   * left them, they would lose their pods.
   */
  beforeControllers?: (api: Api) => Promise<void>;
}

/** Starts all four components; returns when each says that it is healthy. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { octet, stateFolder, binary } = options;
  const address = controlPlaneAddress(octet);
  const credentials = await prepareCredentials(stateFolder, address, ports.apiServer);
  const settings: ComponentSettings = { octet, stateFolder, credentials };
  const started: SupervisedProcess[] = [];
  const stopNamed = async (names: string[]) => {
    const chosen = names.flatMap((name) => started.filter((process) => process.name === name));
    for (const process of chosen) await process.stop();
  };
  const start = async (name: string, args: string[], isReady: () => Promise<boolean>) => {
    const plan = planFor(options, name, args, isReady);
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
    kubectl: (args, input) => runKubectl(binary, [`--kubeconfig=${credentials.kubeconfigs.admin}`, ...args], input),
  };
  try {
    const etcd = { ca: credentials.etcdCa, client: credentials.etcdClient };
    await start('etcd', etcdArgs(settings), () => answersOk(address, ports.etcdClient, '/health', etcd));
    await start('kube-apiserver', apiServerArgs(settings), () => answersOk(address, ports.apiServer, '/readyz', admin));
    await options.beforeControllers?.(api);
    await Promise.all([
      start('kube-controller-manager', controllerManagerArgs(settings), () =>
        answersOk(address, ports.controllerManager, '/healthz', admin),
      ),
      start('kube-scheduler', schedulerArgs(settings), () => answersOk(address, ports.scheduler, '/healthz', admin)),
    ]);
  } catch (error) {
    await stopNamed(started.map((process) => process.name).reverse());
    throw error;
  }
  return {
    ...api,
    processes: started,
    stopControllers: () => stopNamed(controllers),
    stop: () => stopNamed([...controllers, 'kube-apiserver', 'etcd']),
  };
}

/**
 * Runs kubectl.
 * @throws Error with what kubectl wrote to its error output
 */
export async function runKubectl(binary: string, args: string[], input?: string): Promise<string> {
  const running = promisify(execFile)(binary, ['kubectl', ...args], {
    maxBuffer: 64 * 1024 * 1024,
    // Or it would keep what it learns of the API in the user's home.
    env: { ...process.env, KUBECACHEDIR: path.join(cacheFolder(), 'kubectl') },
  });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`kubectl ${args.join(' ')}: ${stderr?.trim() || message}`, { cause: error });
  }
}

function planFor(
  { binary, stateFolder, log }: ControlPlaneOptions,
  name: string,
  args: string[],
  isReady: () => Promise<boolean>,
): ProcessPlan {
  const logFile = path.join(stateFolder, 'logs', `${name}.log`);
  return {
    name,
    command: binary,
    args: [name, ...args],
    logFile,
    stateFolder,
    isReady,
    readyWithinMs,
    stopGraceMs,
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
