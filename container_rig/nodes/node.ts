/** A node: containerd, kubelet and kube-proxy in namespaces of their own. It can die, and come back. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Api } from '../../local_cluster/control_plane/control-plane.ts';
import {
  type ProcessPlan,
  type SupervisedProcess,
  startSupervised,
} from '../../local_cluster/supervisor/supervised-process.ts';
import type { NodePlace } from '../layout.ts';
import { containerdSocket, writeContainerdSettings } from './containerd.ts';
import { findChild } from './holder.ts';
import { kubeletArgs, kubeProxyArgs } from './kubelet.ts';
import { createNamespaces, type Namespaces } from './namespaces.ts';

const readyWithinMs = 60_000;
const stopGraceMs = 2_000;

/** What it is started with. */
export interface NodeOptions {
  place: NodePlace;
  /** The rig's. */
  stateFolder: string;
  /** The node's cgroup. */
  cgroup: string;
  /** kubelet and kube-proxy, one program; `pause` is beside it. */
  nodePrograms: string;
  /** An archive of the images that the node has before it can pull any. */
  images: string;
  mayLowerOomScores: boolean;
  log: (line: string) => void;
}

/** A node that runs, or has died. */
export interface RigNode {
  place: NodePlace;
  /** Starts kubelet and kube-proxy; to be called once, when the API answers. */
  join(api: Pick<Api, 'credentials'>): Promise<void>;
  /** Ends kubelet; the containers go on. */
  stopKubelet(): Promise<void>;
  startKubelet(): Promise<void>;
  /** Ends all that runs on it, at once, as a power failure does. */
  die(): Promise<void>;
  /** Starts a node that died; its disk is as it was. */
  comeBack(): Promise<void>;
  /** Runs a command on the node, to its end; gives what it printed. */
  run(command: string, args: string[]): Promise<string>;
  readonly cgroup: string;
  /** The processes that run now, as this process sees them. */
  readonly processes: { init: number; containerd: number; kubelet: number };
}

/** Starts a node up to its container runtime, which has its images when this returns. */
export async function startNode(options: NodeOptions): Promise<RigNode> {
  const { place, stateFolder } = options;
  const folder = path.join(stateFolder, place.name);
  mkdirSync(path.join(folder, 'pod-logs'), { recursive: true });
  const running = new Map<string, SupervisedProcess>();
  let namespaces: Namespaces;
  let credentials: Api['credentials'] | undefined;

  const start = async (name: string, command: string, args: string[], isReady: ProcessPlan['isReady']) => {
    const plan = { stateFolder, isReady, readyWithinMs, stopGraceMs, onEvent: options.log };
    const logFile = path.join(stateFolder, 'logs', `${place.name}-${name}.log`);
    const program = namespaces.command(command, args);
    running.set(name, await startSupervised({ name: `${place.name} ${name}`, ...program, logFile, ...plan }));
  };
  const startRuntime = async () => {
    const programs = path.dirname(options.nodePrograms);
    const needed = [stateFolder, programs, path.dirname(options.images)];
    namespaces = await createNamespaces(path.join(programs, 'pause'), place, needed);
    const settings = writeContainerdSettings(folder, place, options.mayLowerOomScores);
    const ctr = (...args: string[]) => namespaces.run('ctr', ['-a', containerdSocket, '-n', 'k8s.io', ...args]);
    await start('containerd', 'containerd', ['--config', settings], () => ctr('version').then(() => true));
    await ctr('images', 'import', options.images);
  };
  const startKubelet = async () => {
    const args = kubeletArgs({ place, folder, cgroup: options.cgroup, credentials: credentials! });
    await start('kubelet', options.nodePrograms, ['kubelet', ...args], async () => true);
  };
  const startProxy = async () => {
    const args = kubeProxyArgs(folder, place.name, credentials!.kubeconfigs[place.name]);
    await start('kube-proxy', options.nodePrograms, ['kube-proxy', ...args], async () => true);
  };
  await startRuntime();
  return {
    place,
    async join(api) {
      credentials = api.credentials;
      await Promise.all([startKubelet(), startProxy()]);
    },
    async stopKubelet() {
      await running.get('kubelet')?.stop();
      running.delete('kubelet');
    },
    startKubelet,
    async die() {
      // Before the namespaces, or what ends with them would be started again.
      const stopping = [...running.values()].map((process) => process.stop());
      await namespaces.remove();
      await Promise.all(stopping);
      running.clear();
    },
    async comeBack() {
      await startRuntime();
      await Promise.all([startKubelet(), startProxy()]);
    },
    run: (command, args) => namespaces.run(command, args),
    cgroup: options.cgroup,
    get processes() {
      const find = (name: string, program: string) => findChild(running.get(name)?.pid() ?? 0, program) ?? 0;
      const kubelet = find('kubelet', path.basename(options.nodePrograms));
      return { init: namespaces.pid, containerd: find('containerd', 'containerd'), kubelet };
    },
  };
}
