/** What a user is told of a cluster before something is done to it. */
import type { V1NodeList } from '@kubernetes/client-node';
import { requireVersion } from './cluster-version.ts';
import type { NamedCluster } from './contexts.ts';

/**
 * Its context, address, version and nodes, in one line.
 * @throws Error if it does not answer, or is older than what the manifests need
 */
export async function describeCluster({ context, server, kubectl }: NamedCluster): Promise<string> {
  const nodes = JSON.parse(await kubectl(['get', 'nodes', '-o', 'json', '--request-timeout=10s'])) as V1NodeList;
  return `${context}, ${server}, ${await requireVersion(kubectl)}, ${describeNodes(nodes)}`;
}

/** How many nodes there are and what they have: `2 nodes of 2 CPU, 1 of them not ready`. */
export function describeNodes({ items }: V1NodeList): string {
  const cpus = [...new Set(items.map(({ status }) => status?.allocatable?.cpu ?? '?'))].join(' and ');
  const isReady = (type: string, status: string) => type === 'Ready' && status === 'True';
  const waiting = items.filter(({ status }) => !status?.conditions?.some((one) => isReady(one.type, one.status)));
  const count = `${items.length} node${items.length === 1 ? '' : 's'}`;
  return `${count}${cpus ? ` of ${cpus} CPU` : ''}${waiting.length > 0 ? `, ${waiting.length} of them not ready` : ''}`;
}
