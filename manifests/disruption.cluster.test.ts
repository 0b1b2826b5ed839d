// What happens to the replicas of a service when nodes are emptied, and where they are put, with pods of each service's
// own labels, spread and budget, and a shell as their work.
import type {
  V1Affinity,
  V1Deployment,
  V1Pod,
  V1PodDisruptionBudget,
  V1PreferredSchedulingTerm,
} from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { expect, test } from 'vitest';
import { cluster, conditionsOf, shell, until, useNamespace } from '../local_cluster/node/testing/cluster-under-test.ts';
import { ofKind, render } from './testing/render.ts';

const pods = useNamespace('disruption');
const objects = await render('../base');
const deployments = ofKind<V1Deployment>(objects, 'Deployment');
const budgets = ofKind<V1PodDisruptionBudget>(objects, 'PodDisruptionBudget');
const budgetsHere = `/apis/policy/v1/namespaces/${pods.namespace}/poddisruptionbudgets`;
const replicaSets = `/apis/apps/v1/namespaces/${pods.namespace}/replicasets`;

/**
 * Draws both replicas to one node: more strongly than the spread of Kubernetes' own parts them, which pods get that have no
 * constraint (at most 3 more on a node), and less than the services' constraints do (at most 1 more).
 */
const affinity: V1Affinity = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [preferNode('node-1', 40), preferNode('node-2', 100)],
  },
};

function preferNode(name: string, weight: number): V1PreferredSchedulingTerm {
  return { weight, preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] } };
}

/** Two replicas of a service, made by a ReplicaSet as a Deployment's are. */
async function startReplicas(deployment: V1Deployment, isReady = 'true'): Promise<V1Pod[]> {
  const { name } = deployment.metadata!;
  const { metadata, spec } = deployment.spec!.template;
  const labels = { ...metadata!.labels, 'pod-template-hash': `${name}-1` };
  const readinessProbe = { exec: { command: ['sh', '-c', isReady] }, periodSeconds: 1 };
  const pod = {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    affinity,
    topologySpreadConstraints: spec!.topologySpreadConstraints,
    containers: [shell('exec sleep 600', { readinessProbe })],
  };
  await cluster.create(replicaSets, {
    metadata: { name },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  });
  const own = async () =>
    (await pods.list()).filter((one) => one.metadata!.labels?.['pod-template-hash'] === `${name}-1`);
  const isRunning = (one: V1Pod) =>
    isReady === 'true' ? conditionsOf(one).Ready === 'True' : one.status?.phase === 'Running';
  return until(async () => {
    const all = await own();
    return all.length === 2 && all.every(isRunning) ? all : undefined;
  }, `the replicas of ${name}`);
}

/** Asks for a pod's eviction, as `kubectl drain` does; gives the status of the answer. */
async function evict({ metadata }: V1Pod): Promise<number> {
  const path = `/api/v1/namespaces/${metadata!.namespace}/pods/${metadata!.name}/eviction`;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata!.name } };
  return cluster.create(path, eviction).then(
    () => 201,
    (error) => {
      if (error instanceof KubernetesError) return error.status;
      throw error;
    },
  );
}

/** Makes a service's budget here; settles when the controller has counted the pods. */
async function createBudget(name: string): Promise<void> {
  const { spec } = budgets.find(({ metadata }) => metadata!.name === name)!;
  await cluster.create(budgetsHere, { metadata: { name }, spec });
  await until(async () => {
    const { status } = await cluster.get<V1PodDisruptionBudget>(`${budgetsHere}/${name}`);
    return status?.expectedPods === 2;
  }, `the budget of ${name}`);
}

test('Every service has a budget', () => {
  const nameOf = ({ metadata }: V1Deployment | V1PodDisruptionBudget) => `${metadata!.namespace}/${metadata!.name}`;
  expect(deployments).toHaveLength(6);
  expect(budgets.map(nameOf).sort()).toEqual(deployments.map(nameOf).sort());
});

test.each(deployments.map((deployment) => [deployment.metadata!.name!, deployment] as const))(
  'Of two replicas of %s, which are on two nodes, one is evicted, and the other not before there is a new one',
  async (name, deployment) => {
    const [one, other] = (await startReplicas(deployment)) as [V1Pod, V1Pod];
    expect([one, other].map(({ spec }) => spec!.nodeName).sort()).toEqual(['node-1', 'node-2']);
    await createBudget(name);
    expect([await evict(one), await evict(other)]).toEqual([201, 429]);
    await until(async () => (await evict(other)) === 201, 'a successor that is ready');
    await cluster.delete(`${replicaSets}/${name}`, { propagationPolicy: 'Background' });
  },
);

test('Replicas that are not ready may go at once, so that a drain does not wait for what does not work', async () => {
  const [deployment] = deployments;
  const broken = structuredClone(deployment!);
  broken.metadata!.name = 'broken';
  const [one, other] = (await startReplicas(broken, 'false')) as [V1Pod, V1Pod];
  const name = deployment!.metadata!.name!;
  await cluster.delete(`${budgetsHere}/${name}`).catch(() => undefined);
  await createBudget(name);
  expect([await evict(one), await evict(other)]).toEqual([201, 201]);
});
