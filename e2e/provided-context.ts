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
  /** How many KMNIST test images the mesh was given; 0 where it has none. */
  kmnistTestImages: number;
  /** Process ids by component: `etcd`, `kube-apiserver`, …, `node-1`, `node-2`, and the supervisor. */
  processes: Record<string, number>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    mesh: MeshContext;
  }
}
