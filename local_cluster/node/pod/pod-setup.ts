// What a pod is given before its containers can start, and gives back: its address and folder, volumes, host ports.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PreparedPod } from '../container/container-start.ts';
import { readRecord, writeRecord } from '../container/records.ts';
import type { AddressPair } from '../network/addresses.ts';
import { type HostPorts, openHostPorts } from '../network/host-ports.ts';
import { createPodObjects } from '../volumes/pod-objects.ts';
import { prepareVolumes } from '../volumes/volumes.ts';
import type { PodWorker } from './pod-worker.ts';

/** `pod.json`, what must outlive the agent of a pod besides its containers. */
export interface PodRecord {
  namespace: string;
  name: string;
  address: AddressPair;
  startTime: string;
}

const volumeRetryMs = 10_000;

/** What one pod has been given. */
export class PodSetup {
  /** Its own, or the node's for a pod on the host network; undefined until it settles. */
  address: AddressPair | undefined;
  startTime = new Date();
  readonly #worker: PodWorker;
  #mounted: PreparedPod | undefined;
  #hostPorts: HostPorts | undefined;
  #volumeTimer: NodeJS.Timeout | undefined;
  #isReleased = false;

  constructor(worker: PodWorker) {
    this.#worker = worker;
  }

  /** All of it, once it is there. */
  get prepared(): PreparedPod | undefined {
    return this.#hostPorts && this.#mounted;
  }

  /** Takes over what an earlier agent gave the pod; false when none did. */
  recall(): boolean {
    const record = readRecord<PodRecord>(this.#worker.folder, 'pod.json');
    if (!record) return false;
    this.address = record.address;
    this.startTime = new Date(record.startTime);
    return true;
  }

  /** Gives the pod its address and its folder. */
  settle(): AddressPair {
    const { pod, folder, node } = this.#worker;
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
    const { pod, folder, node } = this.#worker;
    const objects = createPodObjects(node.cluster, pod);
    const mounted = { pod, folder, address, objects, volumes: new Map<string, string>() };
    await this.#renewVolumes(mounted);
    this.#mounted = mounted;
  }

  async #renewVolumes(mounted: PreparedPod): Promise<void> {
    const { pod, folder, node } = this.#worker;
    const { address, objects } = mounted;
    const { nodeAddress, allocatable } = node;
    const around = { address, nodeAddress, allocatable };
    const volumes = await prepareVolumes(pod, join(folder, 'volumes'), objects, around);
    mounted.volumes = volumes.paths;
    if (volumes.renewAfterMs === undefined || this.#isReleased) return;
    this.#volumeTimer = setTimeout(() => {
      this.#renewVolumes(mounted).catch((fault) => {
        this.#worker.complain(fault);
        this.#volumeTimer = setTimeout(() => this.#renewVolumes(mounted).catch(() => undefined), volumeRetryMs);
      });
    }, volumes.renewAfterMs);
  }

  /** Opens its host ports. */
  async openHostPorts(address: AddressPair): Promise<void> {
    const { pod, folder, node } = this.#worker;
    this.#hostPorts = await openHostPorts(pod, folder, address, node, (message) =>
      this.#worker.event('Warning', 'HostPortFailed', message),
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
    const { pod, node } = this.#worker;
    if (this.address && !pod.spec!.hostNetwork && !keepsAddress) node.addresses.release(this.address);
  }
}
