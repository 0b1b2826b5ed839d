// What a pod is given before its containers can start, and gives back: its address and folder, volumes, host ports.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import type { PreparedPod } from '../container/container-owner.ts';
import type { AddressPair, AddressPool } from '../network/addresses.ts';
import { type HostPorts, openHostPorts } from '../network/host-ports.ts';
import { createPodObjects } from '../references/pod-objects.ts';
import { readRecord, writeRecord } from '../runs/records.ts';
import { prepareVolumes } from '../volumes/volumes.ts';

/** `pod.json`, what must outlive the agent of a pod besides its containers. */
export interface PodRecord {
  namespace: string;
  name: string;
  address: AddressPair;
  startTime: string;
}

/** What the pod's setup needs of it. */
export interface SetUpPod {
  /** Its newest version. */
  readonly pod: V1Pod;
  readonly folder: string;
  /** Records an event of the pod. */
  event(type: 'Warning', reason: string, message: string): void;
  /** Tells the node's log what went wrong. */
  complain(fault: Error): void;
}

/** What the pod's setup needs of the node. */
export interface SetupNode {
  cluster: ClusterConnection;
  addresses: AddressPool;
  nodeAddress: AddressPair;
  allocatable: { cpu: number; memory: number };
  hostAddress: string;
  shim: string;
}

const volumeRetryMs = 10_000;

/** What one pod has been given. */
export class PodSetup {
  /** Its own, or the node's for a pod on the host network; undefined until it settles. */
  address: AddressPair | undefined;
  startTime = new Date();
  readonly #pod: SetUpPod;
  readonly #node: SetupNode;
  #mounted: PreparedPod | undefined;
  #hostPorts: HostPorts | undefined;
  #volumeTimer: NodeJS.Timeout | undefined;
  #isReleased = false;

  constructor(pod: SetUpPod, node: SetupNode) {
    this.#pod = pod;
    this.#node = node;
  }

  /** All of it, once it is there. */
  get prepared(): PreparedPod | undefined {
    return this.#hostPorts && this.#mounted;
  }

  /** Takes over what an earlier agent gave the pod; false when none did. */
  recall(): boolean {
    const record = readRecord<PodRecord>(this.#pod.folder, 'pod.json');
    if (!record) return false;
    this.address = record.address;
    this.startTime = new Date(record.startTime);
    return true;
  }

  /** Gives the pod its address and its folder. */
  settle(): AddressPair {
    const { pod, folder } = this.#pod;
    const node = this.#node;
    this.address ??= pod.spec!.hostNetwork ? node.nodeAddress : node.addresses.allocate();
    const { address } = this;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { namespace, name } = pod.metadata! as { namespace: string; name: string };
    const record = { namespace, name, address, startTime: this.startTime.toISOString() };
    writeRecord(folder, 'pod.json', record satisfies PodRecord);
    return address;
  }

  /**
   * Gives it its volumes, which are renewed from now on.
   * @throws VolumeError or KubernetesError while one cannot be had
   */
  async mountVolumes(address: AddressPair): Promise<void> {
    const { pod, folder } = this.#pod;
    const node = this.#node;
    const objects = createPodObjects(node.cluster, pod);
    const mounted = { folder, address, objects, volumes: new Map<string, string>() as ReadonlyMap<string, string> };
    await this.#renewVolumes(mounted);
    this.#mounted = mounted;
  }

  async #renewVolumes(mounted: PreparedPod): Promise<void> {
    const { pod, folder } = this.#pod;
    const node = this.#node;
    const { address, objects } = mounted;
    const { nodeAddress, allocatable } = node;
    const around = { address, nodeAddress, allocatable };
    const volumes = await prepareVolumes(pod, join(folder, 'volumes'), objects, around);
    mounted.volumes = volumes.paths;
    if (volumes.renewAfterMs === undefined || this.#isReleased) return;
    this.#volumeTimer = setTimeout(() => {
      this.#renewVolumes(mounted).catch((fault) => {
        this.#pod.complain(fault);
        this.#volumeTimer = setTimeout(() => this.#renewVolumes(mounted).catch(() => undefined), volumeRetryMs);
      });
    }, volumes.renewAfterMs);
  }

  /** Opens its host ports. */
  async openHostPorts(address: AddressPair): Promise<void> {
    const { pod, folder } = this.#pod;
    const node = this.#node;
    this.#hostPorts = await openHostPorts(pod, folder, address, node, (message) =>
      this.#pod.event('Warning', 'HostPortFailed', message),
    );
  }

  /** Refuses new connections at its host ports; those that are open go on. */
  stopListening(): void {
    this.#hostPorts?.stopListening();
  }

  /** Takes it back, but the address only from a pod that does not go on when the node is back. */
  async release({ keepsAddress }: { keepsAddress: boolean }): Promise<void> {
    this.#isReleased = true;
    clearTimeout(this.#volumeTimer);
    await this.#hostPorts?.close();
    const { pod } = this.#pod;
    if (this.address && !pod.spec!.hostNetwork && !keepsAddress) this.#node.addresses.release(this.address);
  }
}
