import type { V1Endpoint, V1EndpointSlice, V1Service } from '@kubernetes/client-node';
import type { Directory } from '../zone.ts';

/** A cluster of three Services in the namespace `free-tier`, for tests; its parts may be changed as they run. */
export function createStubDirectory() {
  const slices = new Map<string, V1EndpointSlice[]>([
    [
      'free-tier',
      [
        slice(['10.244.1.3', '10.244.2.9'].map((address) => endpoint(address))),
        slice([endpoint('10.244.1.4', { ready: false }), endpoint('10.244.2.9')]),
        slice([endpoint('fd00::9')], 'IPv6'),
      ],
    ],
    ['patient', [slice([endpoint('10.244.1.5', { ready: false }), endpoint('10.244.1.6', { hostname: 'Second' })])]],
    ['with-cluster-ip', [slice([endpoint('10.244.1.8')])]],
  ]);
  const services = new Map<string, V1Service>([
    ['free-tier', { spec: { clusterIP: 'None' } }],
    ['patient', { spec: { clusterIP: 'None', publishNotReadyAddresses: true } }],
    ['with-cluster-ip', { spec: { clusterIP: '10.0.0.17' } }],
  ]);
  const state = { synced: true };
  const directory: Directory = {
    hasSynced: () => state.synced,
    service: (namespace, name) => (namespace === 'free-tier' ? services.get(name) : undefined),
    namespace: (name) => (name === 'free-tier' ? { metadata: { name } } : undefined),
    endpointSlices: (namespace, service) => (namespace === 'free-tier' ? (slices.get(service) ?? []) : []),
  };
  return { directory, services, slices, state };
}

/** A slice of a Service. */
export function slice(endpoints: V1Endpoint[], addressType = 'IPv4'): V1EndpointSlice {
  return { addressType, endpoints };
}

/** An endpoint with one address, ready unless told otherwise. */
export function endpoint(
  address: string,
  { ready = true, hostname }: { ready?: boolean; hostname?: string } = {},
): V1Endpoint {
  return { addresses: [address], conditions: { ready }, ...(hostname !== undefined && { hostname }) };
}
