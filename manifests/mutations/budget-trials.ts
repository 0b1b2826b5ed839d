// What a budget lets be evicted of two replicas, whose state is written down for them: nothing runs.
import type { V1Pod, V1PodDisruptionBudget } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { cluster, until } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { both, type Pair, type Place, type Trial } from './trial.ts';

/** Two replicas with these labels that run, and are ready or not. */
async function makeReplicas(place: Place, name: string, labels: Record<string, string>, ready: string) {
  const { namespace } = place.pods;
  const template = {
    metadata: { labels },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'none' }] },
  };
  await cluster.create(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
    metadata: { name },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  const labelSelector = Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(',');
  const replicas = await until(async () => {
    const found = await place.pods.list({ labelSelector });
    return found.length === 2 ? found : undefined;
  }, `the replicas of ${name}`);
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] };
  for (const { metadata } of replicas) await cluster.patch(`${pathOf(metadata!)}/status`, { status });
  return replicas;
}

const pathOf = ({ namespace, name }: NonNullable<V1Pod['metadata']>) => `/api/v1/namespaces/${namespace}/pods/${name}`;

/** Asks for a pod's eviction, as `kubectl drain` does; gives the status of the answer. */
function evict({ metadata }: V1Pod): Promise<number> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata!.name } };
  return cluster.create(`${pathOf(metadata!)}/eviction`, eviction).then(
    () => 201,
    (error) => {
      if (error instanceof KubernetesError) return error.status;
      throw error;
    },
  );
}

/** Makes the budget for the replicas of one trial; settles when it counts them, or never will. */
async function makeBudget(
  place: Place,
  name: string,
  { spec }: V1PodDisruptionBudget,
  labels: Record<string, string>,
  ready: string,
) {
  const path = `/apis/policy/v1/namespaces/${place.pods.namespace}/poddisruptionbudgets`;
  const selector = spec!.selector && { matchLabels: { ...spec!.selector.matchLabels, ...labels } };
  await cluster.create(path, { metadata: { name }, spec: { ...spec, ...(selector && { selector }) } });
  const healthy = selector && ready === 'True' ? 2 : 0;
  await until(async () => {
    const { status } = await cluster.get<V1PodDisruptionBudget>(`${path}/${name}`);
    return status?.observedGeneration === 1 && status.currentHealthy === healthy;
  }, `the budget ${name} to count`);
}

const isEvicted =
  (ready: 'True' | 'False'): Trial =>
  (pair, place) =>
    both(pair as Pair<V1PodDisruptionBudget>, async (budget, which) => {
      const name = `${place.id}-${which}`;
      const labels = { ...pair.whole.metadata!.labels, trial: name };
      const replicas = await makeReplicas(place, name, labels, ready);
      await makeBudget(place, name, budget, { trial: name }, ready);
      const answers: number[] = [];
      for (const replica of replicas) answers.push(await evict(replica));
      return answers.join(' ');
    });

export const budgetTrials = {
  'is evicted': isEvicted('True'),
  'is evicted unready': isEvicted('False'),
} satisfies Record<string, Trial>;
