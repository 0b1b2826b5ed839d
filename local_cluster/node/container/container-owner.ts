// What a container needs of its surroundings: of its pod, whoever that is, and of the node that it runs on.
import type { V1Pod } from '@kubernetes/client-node';
import type { AddressPair } from '../network/addresses.ts';
import type { PodObjects } from '../references/pod-objects.ts';
import type { Cgroups } from '../runs/cgroups.ts';

/** The pod, as a container of it sees it. */
export interface ContainerOwner {
  /** Its newest version. */
  readonly pod: V1Pod;
  /** Undefined until it has one. */
  readonly address: AddressPair | undefined;
  /** Records an event of the pod, or of one of its containers. */
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void;
  /** Something has changed: what is due is to be done now. */
  sync(): void;
  /** The same after so many milliseconds. */
  wakeIn(ms: number): void;
  /** A container is to be ended and started again. */
  restart(container: string, why: string, graceSeconds?: number): void;
}

/** What a pod has been given before its containers can start. */
export interface PreparedPod {
  folder: string;
  address: AddressPair;
  objects: PodObjects;
  /** Its hosts file; undefined where containers can only see the machine's. */
  hosts: string | undefined;
  /** From a volume's name to the folder or file that it is here. */
  volumes: ReadonlyMap<string, string>;
}

/** The node, as a container sees it. */
export interface ContainerHost {
  imagesFile: string;
  nodeAddress: AddressPair;
  allocatable: { cpu: number; memory: number };
  dnsServers: string[];
  cacheFolder: string;
  cgroups: Pick<Cgroups, 'create'>;
  cluster: { server: string };
}
