// What everything on one node shares.
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import type { AddressPair, AddressPool } from '../network/addresses.ts';
import type { PodHosts } from '../network/pod-hosts.ts';
import type { Cgroups } from '../runs/cgroups.ts';
import type { EventRecorder } from './events.ts';

export interface NodeContext {
  nodeName: string;
  cluster: ClusterConnection;
  events: EventRecorder;
  addresses: AddressPool;
  nodeAddress: AddressPair;
  cgroups: Cgroups;
  /** Keeps the pods' hosts files; undefined where containers can only see the machine's. */
  hosts: PodHosts | undefined;
  /** `address:port` of the cluster's resolvers. */
  dnsServers: string[];
  /** Where a `hostPort` listens when it names no address. */
  hostAddress: string;
  /** The folder with a folder for each pod, by uid. */
  podsFolder: string;
  /** What pods may keep to start faster. */
  cacheFolder: string;
  imagesFile: string;
  /** The shim's binary. */
  shim: string;
  /** What one pod may have at most: cores and bytes. */
  allocatable: { cpu: number; memory: number };
  log: (message: string) => void;
}
