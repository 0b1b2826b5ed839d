import type { KubeConfig } from '@kubernetes/client-node';

/** What a kubeconfig says of one cluster, and as whom it is used. */
export interface ClusterAccess {
  /** Its address. */
  server: string;
  /** Certificates and keys, as Node's `tls.connect` takes them, and headers with the token: as they are now. */
  read(): Promise<{ tls: Record<string, unknown>; headers: Record<string, string> }>;
  /** How to connect with such certificates: directly, or through a proxy. */
  connectOptions(tls: Record<string, unknown>): ReturnType<KubeConfig['createDispatcherOptions']>;
}
