// Nodes that there are for the scheduler and the controllers alone: pods are placed on them, and nothing runs there.
import { setInterval } from 'node:timers';
import type { V1Node } from '@kubernetes/client-node';
import { cluster, until } from '../../local_cluster/node/testing/cluster-under-test.ts';

/** More often than a node that says nothing is given up. */
const heartbeatMs = 10_000;

export type Readiness = 'True' | 'False' | 'Unknown';

export interface NodeOptions {
  /** In whole processors; so many that nobody counts them if left out. */
  cpu?: number;
  unschedulable?: boolean;
}

const pathOf = (name: string) => `/api/v1/nodes/${name}`;
const made = new Map<string, Readiness>();
let beating: NodeJS.Timeout | undefined;

const readyCondition = (status: Readiness) => ({
  type: 'Ready',
  status,
  reason: 'StandIn',
  message: 'a stand-in for tests',
  lastHeartbeatTime: new Date().toISOString(),
});

const sayReadiness = (name: string) =>
  cluster.patch(`${pathOf(name)}/status`, { status: { conditions: [readyCondition(made.get(name)!)] } });

/** Makes a node; settles when pods may be placed there. */
export async function makeNode(name: string, { cpu = 1_000, unschedulable = false }: NodeOptions = {}): Promise<void> {
  const room = { cpu: String(cpu), memory: '1000Gi', pods: '1000' };
  made.set(name, 'True');
  await cluster.create(pathOf(''), {
    // In a zone of its own: what becomes of a node that is lost depends on how many of its zone are.
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': name } },
    // Only pods that are meant for it come, whatever else waits for a place in this cluster.
    spec: { unschedulable, taints: [{ key: standIn.key, effect: 'NoSchedule' }] },
    status: { capacity: room, allocatable: room, conditions: [readyCondition('True')] },
  });
  await sayReadiness(name);
  beating ??= setInterval(() => {
    for (const each of made.keys()) void sayReadiness(each).catch(() => undefined);
  }, heartbeatMs).unref();
  await until(async () => {
    const { spec } = await cluster.get<V1Node>(pathOf(name));
    return !spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/not-ready');
  }, `${name} to take pods`);
}

/** What a pod says that may be placed on these nodes. */
export const standIn = { key: 'example.com/stand-in', operator: 'Exists', effect: 'NoSchedule' };

/** Has a node be what it is when it has trouble, or is lost. */
export async function setReadiness(name: string, readiness: Readiness): Promise<void> {
  made.set(name, readiness);
  await sayReadiness(name);
}

/** Removes every node that was made here. */
export async function removeNodes(): Promise<void> {
  clearInterval(beating);
  beating = undefined;
  const names = [...made.keys()];
  made.clear();
  await Promise.all(names.map((name) => cluster.delete(pathOf(name)).catch(() => undefined)));
}
