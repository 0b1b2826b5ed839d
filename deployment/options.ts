/** What a deployment to another cluster is started with. */
export interface ContextOptions {
  context: string;
  kubeconfig?: string | undefined;
  /** One of `manifests/overlays`, or a folder. */
  overlay: string;
}
