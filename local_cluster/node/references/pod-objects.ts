// ConfigMaps, Secrets, claims and tokens that a pod refers to. A node may read only those of its own pods.
import type {
  AuthenticationV1TokenRequest,
  V1ConfigMap,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Secret,
} from '@kubernetes/client-node';
import { type ClusterConnection, KubernetesError } from '@ml-job-mesh/cluster-client';

export type PodObjects = ReturnType<typeof createPodObjects>;

/** Reads what the pod refers to, in its namespace. Every reader gives undefined for what does not exist. */
export function createPodObjects(cluster: ClusterConnection, pod: V1Pod) {
  const namespace = `/api/v1/namespaces/${pod.metadata!.namespace}`;
  const tokens = new Map<string, { token: string; renewAt: number }>();

  return {
    configMap: (name: string) => optional(cluster.get<V1ConfigMap>(`${namespace}/configmaps/${name}`)),
    secret: (name: string) => optional(cluster.get<V1Secret>(`${namespace}/secrets/${name}`)),

    /** The volume that a claim is bound to; undefined while it is not. */
    async boundVolume(claimName: string): Promise<V1PersistentVolume | undefined> {
      const claim = await optional(
        cluster.get<V1PersistentVolumeClaim>(`${namespace}/persistentvolumeclaims/${claimName}`),
      );
      if (claim?.status?.phase !== 'Bound' || !claim.spec?.volumeName) return undefined;
      return optional(cluster.get<V1PersistentVolume>(`/api/v1/persistentvolumes/${claim.spec.volumeName}`));
    },

    /** A token of the pod's account that ends with the pod; the same one until four fifths of its life are over. */
    async accountToken(expirationSeconds = 3600, audience?: string): Promise<string> {
      const key = `${expirationSeconds} ${audience}`;
      const kept = tokens.get(key);
      if (kept && kept.renewAt > Date.now()) return kept.token;
      const account = pod.spec!.serviceAccountName ?? 'default';
      const { name, uid } = pod.metadata!;
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: audience ? [audience] : [],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      };
      const path = `${namespace}/serviceaccounts/${account}/token`;
      const answer = await cluster.create<AuthenticationV1TokenRequest>(path, request);
      const { token = '', expirationTimestamp } = answer.status!;
      const lifeMs = Math.min(Date.parse(String(expirationTimestamp)) - Date.now(), expirationSeconds * 1000);
      tokens.set(key, { token, renewAt: Date.now() + lifeMs * 0.8 });
      return token;
    },
  };
}

/**
 * Settles as the request does, with undefined for an object that is not there. To a node, an object that does not
 * exist and one that no pod of its own refers to look the same: both are forbidden.
 */
async function optional<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (fault) {
    if (fault instanceof KubernetesError && fault.status === 404) return undefined;
    throw fault;
  }
}
