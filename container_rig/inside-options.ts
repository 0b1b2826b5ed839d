import type { NodePlace } from './layout.ts';

/** What the rig's inside is started with, as JSON in its only argument. */
export interface InsideOptions {
  stateFolder: string;
  /** Name of the cgroup that the nodes' are in. */
  cgroup: string;
  /** As in `ContainerCluster`. */
  controlPlane: string;
  nodePrograms: string;
  /** An archive of the images that nodes have before they can pull any. */
  images: string;
  mayLowerOomScores: boolean;
}

/** A cluster that is ready. */
export interface ReadyCluster {
  /** The administrator's. */
  kubeconfig: string;
  nodes: Record<NodePlace['name'], NodeRecord>;
}

/** The ids of a node's processes, as they are seen in the rig but outside of the node. */
export interface NodeRecord {
  /** Holds the node's namespaces. */
  init: number;
  containerd: number;
  kubelet: number;
  /** From the root of the cgroup hierarchies. */
  cgroup: string;
}

/** What it tells the process that started it. */
export type InsideMessage = { say: string } | { ready: ReadyCluster } | { failed: string };
