// Every name of the cluster, for the hosts files of a node's pods.
import type { V1EndpointSlice, V1Service } from '@kubernetes/client-node';
import { type ClusterConnection, type KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import { publishedEndpoints } from '../../cluster_dns/endpoint-addresses.ts';
import { toLocalAddress } from './addresses.ts';
import type { ClusterName } from './hosts-file.ts';

export type ClusterNames = ReturnType<typeof watchClusterNames>;

/**
 * Watches what names are made of.
 * @param onChange something has changed; called for each change
 * @param onFault told of each fault that a watch recovered from
 */
export function watchClusterNames(
  cluster: ClusterConnection,
  onChange: () => void,
  onFault: (error: KubernetesError) => void,
) {
  const services = startWatchCache<V1Service>(cluster, { path: '/api/v1/services', onFault });
  const slices = startWatchCache<V1EndpointSlice>(cluster, {
    path: '/apis/discovery.k8s.io/v1/endpointslices',
    onFault,
  });
  services.on('change', onChange);
  slices.on('change', onChange);

  return {
    list: (): ClusterName[] => listNames([...services.values()], [...slices.values()]),
    stop(): void {
      services.stop();
      slices.stop();
    },
  };
}

/** The names that lead somewhere, in their order: each headless Service's, and its pods' that have a hostname. */
export function listNames(services: V1Service[], slices: V1EndpointSlice[]): ClusterName[] {
  const slicesOf = Map.groupBy(slices, ({ metadata }) =>
    nameKey(metadata?.namespace, metadata?.labels?.['kubernetes.io/service-name']),
  );
  return services
    .flatMap((service) => namesOf(service, slicesOf.get(nameKey(service.metadata?.namespace, service.metadata?.name))))
    .sort((one, other) => (nameKey(one.namespace, one.name) < nameKey(other.namespace, other.name) ? -1 : 1));
}

function namesOf(service: V1Service, slices: V1EndpointSlice[] = []): ClusterName[] {
  const { namespace, name } = service.metadata as { namespace: string; name: string };
  const found = new Map<string, Set<string>>();
  for (const { addresses, hostname } of publishedEndpoints(service, slices)) {
    for (const known of hostname ? [name, `${hostname}.${name}`] : [name]) {
      const all = found.get(known) ?? new Set();
      found.set(known, all);
      for (const address of addresses) all.add(toLocalAddress(address));
    }
  }
  return [...found].map(([known, addresses]) => ({ namespace, name: known, addresses: [...addresses].sort() }));
}

function nameKey(namespace: string | undefined, name: string | undefined): string {
  return `${namespace}/${name}`;
}
