// Copies of the manifests' namespaces, each with what bounds it, in which a test may leave something out.
import { randomBytes } from 'node:crypto';
import type { KubernetesObject, V1Namespace, V1Pod, V1ResourceQuota } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { cluster, until } from '../../local_cluster/node/testing/cluster-under-test.ts';

/** What makes up a namespace: itself, and the objects in it that admission goes by. */
export type Bounds = KubernetesObject[];

const paths: Record<string, (namespace: string) => string> = {
  Namespace: () => '/api/v1/namespaces',
  ResourceQuota: (namespace) => `/api/v1/namespaces/${namespace}/resourcequotas`,
  LimitRange: (namespace) => `/api/v1/namespaces/${namespace}/limitranges`,
  PodDisruptionBudget: (namespace) => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
};

/** A namespace's own object and those in it. */
export function boundsOf(objects: KubernetesObject[], namespace: string): Bounds {
  return objects.filter(({ kind, metadata }) =>
    kind === 'Namespace' ? metadata!.name === namespace : kind! in paths && metadata!.namespace === namespace,
  );
}

/** Makes a copy under another name, and waits until its quotas count. Gives the name. */
export async function makeCopy(bounds: Bounds): Promise<string> {
  const name = `copy-${randomBytes(4).toString('hex')}`;
  const [namespace, ...others] = bounds.toSorted(
    (a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'),
  );
  await cluster.create<V1Namespace>(paths.Namespace!(name), {
    ...namespace,
    metadata: { ...namespace!.metadata, name },
  });
  for (const object of others)
    await cluster.create(paths[object.kind!]!(name), { ...object, metadata: { ...object.metadata, namespace: name } });
  await until(
    () => cluster.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => undefined),
    'the account',
  );
  // One that bounds nothing any more never gets a status.
  const quotas = others.filter(({ kind }) => kind === 'ResourceQuota') as V1ResourceQuota[];
  for (const { metadata } of quotas.filter(({ spec }) => Object.keys(spec!.hard!).length > 0)) {
    const path = `${paths.ResourceQuota!(name)}/${metadata!.name}`;
    await until(async () => (await cluster.get<V1ResourceQuota>(path)).status?.hard, 'the quota to count');
  }
  return name;
}

export const removeCopy = (name: string) => cluster.delete(`/api/v1/namespaces/${name}`).catch(() => undefined);

/**
 * Asks for an object, which is kept only where that is wanted. Gives `admitted`, or what refused it; or, of a pod that was
 * admitted, what its container may take.
 */
export async function ask(path: string, object: object, how: 'try' | 'keep' | 'describe' = 'try'): Promise<string> {
  try {
    const made = await cluster.create<V1Pod>(path, object, { query: how === 'keep' ? {} : { dryRun: 'All' } });
    return how === 'describe' ? JSON.stringify(made.spec!.containers[0]!.resources) : 'admitted';
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status !== 403) throw error;
    const [by] =
      /violates PodSecurity|exceeded quota|maximum \w+ usage per Container|must specify/.exec(error.message) ?? [];
    return `refused: ${by ?? error.message}`;
  }
}
