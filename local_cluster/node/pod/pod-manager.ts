// The pods of this node: a worker for each that is bound here, and the remains of those that are gone.
import { mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { startWatchCache } from '@ml-job-mesh/cluster-client';
import { lookOr } from '../../passing-fault.ts';
import { Runner } from '../runs/runner.ts';
import type { NodeContext } from './node-context.ts';
import { readPodRecord } from './pod-setup.ts';
import { PodWorker } from './pod-worker.ts';

const watchSeconds = 60;

export type PodManager = ReturnType<typeof startPodManager>;

/** Begins to run the pods that are bound to the node. */
export function startPodManager(node: NodeContext) {
  const workers = new Map<string, PodWorker>();
  let isShuttingDown = false;
  mkdirSync(node.podsFolder, { recursive: true, mode: 0o700 });
  retakeAddresses(node);

  const pods = startWatchCache<V1Pod>(node.cluster, {
    path: '/api/v1/pods',
    fieldSelector: `spec.nodeName=${node.nodeName}`,
    watchSeconds,
    onFault: ({ message }) => node.log(`watch of pods: ${message}`),
  });
  pods.on('change', (type, pod, previous) => {
    const uid = pod.metadata!.uid!;
    if (type === 'deleted') return remove(uid);
    // The same name, but another pod: the end of the one before went unseen.
    if (previous && previous.metadata!.uid !== uid) remove(previous.metadata!.uid!);
    const worker = workers.get(uid);
    if (worker) return worker.update(pod);
    // What arrives now is left to the next start of this node.
    if (isShuttingDown) return;
    const created = new PodWorker(pod, node);
    workers.set(uid, created);
    created.sync();
  });
  void pods.synced.then(() => removeOrphans(node, workers));

  function remove(uid: string): void {
    const worker = workers.get(uid);
    if (!worker) return;
    workers.delete(uid);
    worker.remove().catch((fault: Error) => node.log(`removing pod ${uid}: ${fault.message}`));
  }

  return {
    synced: pods.synced,
    /** The worker of a pod; undefined when it is not on this node. */
    find(namespace: string, name: string): PodWorker | undefined {
      const uid = pods.get(namespace, name)?.metadata?.uid;
      return uid === undefined ? undefined : workers.get(uid);
    },
    /** The workers of all pods. */
    list: (): PodWorker[] => [...workers.values()],
    /** Stops every pod's containers, each given at most so long. */
    async shutDown(graceMs: number): Promise<void> {
      // Before that, pods that an earlier agent left running are not known.
      await pods.synced;
      isShuttingDown = true;
      await Promise.all([...workers.values()].map((worker) => worker.shutDown(graceMs)));
      pods.stop();
    },
  };
}

function podFolders({ podsFolder }: NodeContext): string[] {
  return readdirSync(podsFolder).map((uid) => join(podsFolder, uid));
}

/** Pods that were here before keep their addresses; no new pod may get one of them. */
function retakeAddresses(node: NodeContext): void {
  for (const folder of podFolders(node)) {
    const address = readPodRecord(folder)?.address;
    if (address && address.local !== node.nodeAddress.local) node.addresses.reserve(address);
  }
}

/** Ends and removes what was left of pods that were deleted while no agent was there. */
async function removeOrphans(node: NodeContext, workers: ReadonlyMap<string, PodWorker>): Promise<void> {
  for (const folder of podFolders(node)) {
    const uid = folder.slice(node.podsFolder.length + 1);
    if (workers.has(uid)) continue;
    try {
      const address = readPodRecord(folder)?.address;
      await Promise.all(
        ['containers', 'host-ports'].flatMap((kind) => listRunners(join(folder, kind), node.shim)).map(kill),
      );
      node.cgroups.removePod(uid);
      await rm(folder, { recursive: true, force: true });
      if (address && address.local !== node.nodeAddress.local) node.addresses.release(uid, address);
      node.log(`removed what was left of pod ${uid}`);
    } catch (fault) {
      node.log(`what is left of pod ${uid} cannot be removed: ${(fault as Error).message}`);
    }
  }
}

type KillableRunner = { runner: Runner; changed: () => Promise<void> };

function listRunners(folder: string, shim: string): KillableRunner[] {
  return lookOr(() => readdirSync(folder), []).map((name) => {
    let change = Promise.withResolvers<void>();
    const runner = new Runner(join(folder, name), shim, () => {
      change.resolve();
      change = Promise.withResolvers<void>();
    });
    return { runner, changed: () => change.promise };
  });
}

async function kill({ runner, changed }: KillableRunner): Promise<void> {
  await runner.adopt();
  while (runner.isActive) {
    runner.signal('SIGKILL');
    await changed();
  }
}
