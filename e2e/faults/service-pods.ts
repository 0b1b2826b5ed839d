// The mesh's own pods, as a test that harms them sees them.
import { podsPath } from '@ml-job-mesh/tier-service/state/job-paths.ts';
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { cluster } from '../mesh.ts';

/** Where the Deployment of each service is, and its name, which is also its pods' `app.kubernetes.io/name`. */
export const deployments = {
  front: { namespace: 'web-tier', name: 'web-tier' },
  grader: { namespace: 'web-tier', name: 'grader-interface' },
  free: { namespace: 'free-tier', name: 'free-tier' },
  premium: { namespace: 'premium-tier', name: 'premium-tier' },
  backend: { namespace: 'ml-pipeline', name: 'ml-backend' },
  page: { namespace: 'ml-pipeline', name: 'ml-frontend' },
} as const;
export type ServiceName = keyof typeof deployments;

/** The pods of one service. */
export async function servicePods(service: ServiceName): Promise<Pod[]> {
  const { namespace, name } = deployments[service];
  const { items } = await cluster.get<{ items: Pod[] }>(podsPath(namespace), {
    query: { labelSelector: `app.kubernetes.io/name=${name}` },
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
  const services = Object.keys(deployments) as ServiceName[];
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
