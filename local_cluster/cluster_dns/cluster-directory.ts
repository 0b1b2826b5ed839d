import type { V1EndpointSlice, V1Namespace, V1Service } from '@kubernetes/client-node';
import { type ClusterConnection, type KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import type { Directory } from './zone.ts';

/**
 * Watches what names are made of. While the API server is away, names keep the answers that they had.
 * @param onFault told of each fault that a watch recovered from
 */
export function watchClusterDirectory(cluster: ClusterConnection, onFault?: (error: KubernetesError) => void) {
  const report = onFault && { onFault };
  const services = startWatchCache<V1Service>(cluster, { path: '/api/v1/services', ...report });
  const namespaces = startWatchCache<V1Namespace>(cluster, { path: '/api/v1/namespaces', ...report });
  const slices = startWatchCache<V1EndpointSlice>(cluster, {
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    ...report,
  });
  const caches = [services, namespaces, slices];

  const directory: Directory = {
    hasSynced: () => caches.every((cache) => cache.hasSynced()),
    service: (namespace, name) => services.get(namespace, name),
    namespace: (name) => namespaces.get('', name),
    endpointSlices: (namespace, service) =>
      [...slices.values()].filter(
        ({ metadata }) =>
          metadata?.namespace === namespace && metadata?.labels?.['kubernetes.io/service-name'] === service,
      ),
  };
  return {
    directory,
    synced: Promise.all(caches.map((cache) => cache.synced)),
    stop: () => caches.forEach((cache) => void cache.stop()),
  };
}
