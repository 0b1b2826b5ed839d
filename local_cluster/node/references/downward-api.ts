// The downward API: what a container may be told of its own pod.
import type { V1Container, V1ObjectFieldSelector, V1Pod, V1ResourceFieldSelector } from '@kubernetes/client-node';
import { scaledValue } from '@ml-job-mesh/cluster-client';
import type { AddressPair } from '../network/addresses.ts';

/** What the pod itself does not say. */
export interface PodSurroundings {
  address: AddressPair;
  nodeAddress: AddressPair;
  /** Of the node, for limits that are not set: cores and bytes. */
  allocatable: { cpu: number; memory: number };
}

/**
 * The value of a `fieldRef`. Addresses are those that processes can use.
 * @throws Error for a field that pods do not have
 */
export function readPodField({ fieldPath }: V1ObjectFieldSelector, pod: V1Pod, around: PodSurroundings): string {
  const { metadata = {}, spec } = pod;
  const [, kind, key] = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(fieldPath) ?? [];
  if (kind === 'labels' || kind === 'annotations') {
    const map = metadata[kind] ?? {};
    return Object.hasOwn(map, key!) ? map[key!]! : '';
  }
  switch (fieldPath) {
    case 'metadata.name':
    case 'metadata.namespace':
    case 'metadata.uid':
      return metadata[fieldPath.slice('metadata.'.length) as 'name'] ?? '';
    case 'metadata.labels':
    case 'metadata.annotations':
      return formatMap(metadata[fieldPath.slice('metadata.'.length) as 'labels']);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return around.address.local;
    case 'status.hostIP':
    case 'status.hostIPs':
      return around.nodeAddress.local;
    default:
      throw new Error(`field "${fieldPath}" is not known`);
  }
}

/**
 * The value of a `resourceFieldRef`, e.g. `limits.cpu`: a whole number of the divisor's units, rounded up. A limit that
 * is not set is what the node has; a request that is not set is 0.
 * @throws Error for what is neither a limit nor a request
 */
export function readResourceField(
  { resource, divisor }: V1ResourceFieldSelector,
  container: V1Container,
  around: PodSurroundings,
): string {
  const [, list, name] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  if (list === undefined || name === undefined) throw new Error(`resource "${resource}" is not known`);
  const resources = container.resources?.[list as 'limits' | 'requests'] ?? {};
  const ofNode = list === 'limits' && (name === 'cpu' || name === 'memory') ? around.allocatable[name] : 0;
  const amount = Object.hasOwn(resources, name) ? resources[name]! : ofNode;
  const unit = thousandths(divisor || '1') || 1_000;
  return String(Math.ceil(thousandths(amount) / unit));
}

function thousandths(quantity: string | number): number {
  return scaledValue(quantity, -3);
}

function formatMap(map: Record<string, string> = {}): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
