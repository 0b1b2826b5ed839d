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

/** What it tells the process that started it. */
export type InsideMessage = { say: string } | { ready: { kubeconfig: string } } | { failed: string };
