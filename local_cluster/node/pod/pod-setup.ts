// What a pod is given before its containers can start, and gives back: its address and folder, volumes, host ports.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { readRecordFile, writeRecordFile } from '../../record-file.ts';
import type { PreparedPod } from '../container/container-owner.ts';
import { readLog } from '../logs/log-reader.ts';
import { type AddressPair, type AddressPool, pairOfAnnounced } from '../network/addresses.ts';
import { type ForwarderLog, type HostPorts, openHostPorts } from '../network/host-ports.ts';
import type { PodHosts } from '../network/pod-hosts.ts';
import { createPodObjects } from '../references/pod-objects.ts';
import { type Renewal, renewRegularly } from '../volumes/renewal.ts';
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
  hosts: Pick<PodHosts, 'keep' | 'forget'> | undefined;
}

/** What is on record of the pod with this folder; undefined when nothing is, or nothing that can be read. */
export function readPodRecord(folder: string): PodRecord | undefined {
  return readRecordFile<PodRecord>(join(folder, 'pod.json'));
}

/** What one pod has been given. */
export class PodSetup {
  /** Its own, or the node's for a pod on the host network; undefined until it settles. */
  address: AddressPair | undefined;
  startTime = new Date();
  readonly #pod: SetUpPod;
  readonly #node: SetupNode;
  #mounted: PreparedPod | undefined;
  #hostPorts: HostPorts | undefined;
  #renewal: Renewal | undefined;

  constructor(pod: SetUpPod, node: SetupNode) {
    this.#pod = pod;
    this.#node = node;
  }

  /** All of it, once it is there. */
  get prepared(): PreparedPod | undefined {
    return this.#hostPorts && this.#mounted;
  }

  /**
   * Takes over what an earlier agent gave the pod; false when none did. A record that cannot be read is made up for by
   * what that agent reported.
   */
  recall(): boolean {
    const { pod, folder } = this.#pod;
    if (!existsSync(folder)) return false;
    const { podIP, startTime } = pod.status ?? {};
    const record = readPodRecord(folder) ?? { address: podIP ? pairOfAnnounced(podIP) : undefined, startTime };
    this.address = this.#addressAgain(record.address);
    const startedAt = new Date(record.startTime ?? Date.now());
    if (!Number.isNaN(startedAt.getTime())) this.startTime = startedAt;
    return true;
  }

  /**
   * What a pod has of the address that it had before. One that has ended keeps it on record only: it gave it back, and
   * another one may have it by now. One on the host network has the node's, which may be another than before.
   */
  #addressAgain(before: AddressPair | undefined): AddressPair | undefined {
    const { spec, status, metadata } = this.#pod.pod;
    if (!before || status?.phase === 'Succeeded' || status?.phase === 'Failed') return before;
    if (spec!.hostNetwork) return this.#node.nodeAddress;
    return this.#node.addresses.retake(metadata!.uid!, before) ? before : undefined;
  }

  /** Gives the pod its address and its folder. */
  settle(): AddressPair {
    const { pod, folder } = this.#pod;
    const { namespace, name, uid } = pod.metadata! as { namespace: string; name: string; uid: string };
    this.address ??= pod.spec!.hostNetwork ? this.#node.nodeAddress : this.#node.addresses.allocate(uid);
    const { address } = this;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const record = { namespace, name, address, startTime: this.startTime.toISOString() };
    writeRecordFile(join(folder, 'pod.json'), record satisfies PodRecord);
    return address;
  }

  /**
   * Gives it its volumes, which are renewed from now on.
   * @throws VolumeError or KubernetesError while one cannot be mounted
   */
  async mountVolumes(address: AddressPair): Promise<void> {
    const { pod, folder } = this.#pod;
    const { cluster, nodeAddress, allocatable, hosts } = this.#node;
    const objects = createPodObjects(cluster, pod);
    const mounted: PreparedPod = {
      folder,
      address,
      objects,
      hosts: hosts?.keep(pod, folder, address),
      volumes: new Map(),
    };
    const renew = async (signal?: AbortSignal) => {
      const around = { address, nodeAddress, allocatable };
      const { paths, renewAfterMs } = await prepareVolumes(
        this.#pod.pod,
        join(folder, 'volumes'),
        objects,
        around,
        signal,
      );
      mounted.volumes = paths;
      return renewAfterMs;
    };
    const renewAfterMs = await renew();
    this.#renewal ??= renewRegularly(renew, renewAfterMs, (fault) => this.#pod.complain(fault));
    this.#mounted = mounted;
  }

  /** Opens its host ports. */
  async openHostPorts(address: AddressPair): Promise<void> {
    const { pod, folder } = this.#pod;
    this.#hostPorts = await openHostPorts(pod, folder, address, this.#node, {
      onFault: (message) => this.#pod.event('Warning', 'HostPortFailed', message),
      onRun: (log) => void this.#tellOf(log),
    });
  }

  /** What a forwarder says, that it refuses connections for instance, belongs in the node's log. */
  async #tellOf(log: ForwarderLog): Promise<void> {
    const options = { follow: true, timestamps: false, sinceMs: Date.now() };
    try {
      for await (const lines of readLog(log, options, new AbortController().signal))
        this.#pod.complain(new Error(String(lines).trimEnd()));
    } catch (fault) {
      this.#pod.complain(fault as Error);
    }
  }

  /** Refuses new connections at its host ports; those that are open go on. */
  stopListening(): void {
    this.#hostPorts?.stopListening();
  }

  /** Takes it back, but the address only from a pod that does not go on when the node is back. */
  async release({ keepsAddress }: { keepsAddress: boolean }): Promise<void> {
    this.#node.hosts?.forget(this.#pod.pod.metadata!.uid!);
    await this.#renewal?.stop();
    await this.#hostPorts?.close();
    const { pod } = this.#pod;
    if (this.address && !pod.spec!.hostNetwork && !keepsAddress)
      this.#node.addresses.release(pod.metadata!.uid!, this.address);
  }
}
