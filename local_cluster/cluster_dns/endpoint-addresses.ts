import type { V1Endpoint, V1EndpointSlice, V1Service } from '@kubernetes/client-node';

/** The endpoints that a headless Service's name stands for: those that are ready, unless it publishes all. */
export function publishedEndpoints({ spec }: V1Service, slices: V1EndpointSlice[]): V1Endpoint[] {
  if (spec?.clusterIP !== 'None') return [];
  return (
    slices
      .filter(({ addressType }) => addressType === 'IPv4')
      // The API server writes null where there is none.
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => spec.publishNotReadyAddresses || conditions?.ready !== false)
  );
}
