/** What the global set-up of the end-to-end and fault tests gives to each test: one whole mesh that runs. */
export interface MeshContext {
  /** The front proxy, e.g. `http://127.0.0.1:8080`. */
  front: string;
  /** The grader interface itself. */
  grader: string;
  /** The administrator's kubeconfig. */
  kubeconfig: string;
  /** The binary that is also kubectl: `controlPlane kubectl …`. */
  controlPlane: string;
  /** The folder with the kustomization that the mesh was made from. */
  kustomization: string;
  /** Where this machine has the pipeline's volume: the folder that the training Job publishes networks in. */
  pipelineVolume: string;
  /** How many KMNIST test images the mesh was given; 0 where it has none. */
  kmnistTestImages: number;
  /** Where a mesh of processes keeps its state, their records among it; a mesh of containers has none. */
  stateFolder?: string | undefined;
  /** Of a mesh of containers on this machine: the process ids of each node's kubelet. */
  nodes?: Record<'node-1' | 'node-2', { kubelet: number }> | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext {
    mesh: MeshContext;
  }
}
