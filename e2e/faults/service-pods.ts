// The mesh's own pods, as a test that harms them sees them.
import type { Pod } from '@ml-job-mesh/tier-service/jobs/kubernetes-objects.ts';
import { cluster } from '../mesh.ts';

export const serviceNamespaces = { front: 'web-tier', free: 'free-tier', premium: 'premium-tier' } as const;
export type ServiceName = keyof typeof serviceNamespaces;

/** The pods of one service, all of the mesh's `app.kubernetes.io/name` of that name. */
export async function servicePods(service: ServiceName): Promise<Pod[]> {
  const namespace = serviceNamespaces[service];
  const { items } = await cluster.get<{ items: Pod[] }>(`/api/v1/namespaces/${namespace}/pods`, {
    query: { labelSelector: `app.kubernetes.io/name=${namespace}` },
  });
  return items;
}

/** What the containers of a service have printed since a moment, each line as it is. */
export async function serviceLog(service: ServiceName, container: string, since: Date): Promise<string[]> {
  const pods = await servicePods(service);
  const query = { container, sinceTime: since.toISOString() };
  const logs = await Promise.all(
    pods.map(({ metadata }) =>
      cluster.text(`/api/v1/namespaces/${metadata!.namespace}/pods/${metadata!.name}/log`, { query }),
    ),
  );
  return logs.flatMap((text) => text.split('\n').filter(Boolean));
}

/** The containers of every service pod, by how often each has been restarted. */
export async function countRestarts(): Promise<Record<string, number>> {
  const services = Object.keys(serviceNamespaces) as ServiceName[];
  const pods = (await Promise.all(services.map(servicePods))).flat();
  return Object.fromEntries(
    pods.flatMap(({ metadata, status }) =>
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(({ name, restartCount }) => [
        `${metadata!.name}/${name}`,
        restartCount,
      ]),
    ),
  );
}
