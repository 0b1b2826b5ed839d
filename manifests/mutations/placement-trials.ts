// Where pods are placed and who comes first, on nodes that there are for the scheduler alone.
import { setTimeout } from 'node:timers/promises';
import type { V1Deployment, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { until } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { makeNode, setReadiness, standIn } from './stand-in-nodes.ts';
import { both, type Pair, type Place, podSpecOf, type Trial } from './trial.ts';

/** For this long the scheduler leaves a pod alone that it has just refused. */
const backOffMs = 2_500;

const preferNode = (name: string, weight: number) => ({
  weight,
  preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] },
});

/** Only on these nodes, however they are called; and rather on the last one than on the others. */
const onNodes = (names: string[]): Partial<V1PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: names.map((name) => ({
          matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }],
        })),
      },
      preferredDuringSchedulingIgnoredDuringExecution: names.map((name, i) => preferNode(name, i === 0 ? 40 : 100)),
    },
  },
  tolerations: [standIn],
});

/** Makes a pod of nothing but what the scheduler looks at. */
const createPod = (
  place: Place,
  name: string,
  spec: Partial<V1PodSpec>,
  labels: Record<string, string> = {},
  cpu = '1m',
) =>
  place.pods.create(name, [{ name: 'main', image: 'none', resources: { requests: { cpu, memory: '1Mi' } } }], spec, {
    labels,
  });

const isRefused = ({ status }: V1Pod) =>
  status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable');

/** Places two replicas of a service, one after the other, where an older generation of two is on the first of the nodes. */
async function placeReplicas(
  deployment: V1Deployment,
  place: Place,
  which: string,
  nodes: [string, string],
): Promise<string> {
  const { metadata, spec } = deployment.spec!.template;
  const trial = { trial: `${place.id}-${which}` };
  const constraints = spec!.topologySpreadConstraints?.map(({ labelSelector, ...constraint }) => ({
    ...constraint,
    // Other trials' pods of the same service do not count.
    ...(labelSelector && { labelSelector: { matchLabels: { ...labelSelector.matchLabels, ...trial } } }),
  }));
  const name = (generation: string, i: number) => `${place.id}-${which}-${generation}-${i}`;
  const labelsOf = (generation: string) => ({ ...metadata!.labels, ...trial, 'pod-template-hash': generation });
  for (const i of [0, 1]) await createPod(place, name('old', i), { nodeName: nodes[0] }, labelsOf('old'));
  const places: string[] = [];
  for (const i of [0, 1]) {
    await createPod(
      place,
      name('new', i),
      { ...onNodes(nodes), ...(constraints && { topologySpreadConstraints: constraints }) },
      labelsOf('new'),
    );
    const pod = await place.pods.waitFor(
      name('new', i),
      (one) => one.spec!.nodeName ?? isRefused(one),
      'an answer of the scheduler',
    );
    places.push(pod.spec!.nodeName === undefined ? 'nowhere' : pod.spec!.nodeName === nodes[0] ? 'a' : 'b');
  }
  return places.sort().join(' ');
}

const hasReplicas =
  (first: { unschedulable: boolean }): Trial =>
  async (pair, place) => {
    const nodes: [string, string] = [`${place.id}-a`, `${place.id}-b`];
    await Promise.all([makeNode(nodes[0], first), makeNode(nodes[1])]);
    return both(pair as Pair<V1Deployment>, (one, which) => placeReplicas(one, place, which, nodes));
  };

/** The pods are on their nodes already when those are lost. */
const losesItsNode: Trial = async (pair, place) => {
  const states = { 'not ready': 'False', unreachable: 'Unknown' } as const;
  const nodeOf = (state: string) => `${place.id}-${state.replace(' ', '-')}`;
  const podOf = (which: string, state: string) => `${nodeOf(state)}-${which}`;
  await Promise.all(Object.keys(states).map((state) => makeNode(nodeOf(state))));
  await both(pair, async (one, which) => {
    const { tolerations } = podSpecOf(one);
    for (const state of Object.keys(states))
      await createPod(place, podOf(which, state), { nodeName: nodeOf(state), ...(tolerations && { tolerations }) });
  });
  for (const [state, readiness] of Object.entries(states)) await setReadiness(nodeOf(state), readiness);
  const leaves = async (which: string, state: string) => {
    const pod = await place.pods.get(podOf(which, state)).catch(() => undefined);
    return !pod || pod.metadata!.deletionTimestamp !== undefined;
  };
  for (const state of Object.keys(states))
    await until(() => leaves('whole', state), `the pod to leave what is ${state}`);
  return both(pair, async (_, which) => {
    const found = Object.keys(states).map(
      async (state) => `${state}: ${(await leaves(which, state)) ? 'leaves' : 'stays'}`,
    );
    return (await Promise.all(found)).join(', ');
  });
};

/** Makes a node with room for one pod; gives how to make one that may be placed nowhere else. */
async function makeOnlyPlace(place: Place, id: string) {
  await makeNode(id, { cpu: 1 });
  return (name: string, spec: Partial<V1PodSpec>) =>
    createPod(place, `${id}-${name}`, { ...spec, ...onNodes([id]) }, {}, '900m');
}

/** Has two pods wait for the only place there is, the other one for longer. */
async function fillUp(place: Place, id: string, one: Partial<V1PodSpec>, other: Partial<V1PodSpec>): Promise<void> {
  const { pods } = place;
  const create = await makeOnlyPlace(place, id);
  await create('full', { priorityClassName: 'ml-job-mesh-services' });
  await pods.waitFor(`${id}-full`, ({ spec }) => spec!.nodeName, 'the only place to be taken');
  for (const [name, spec] of [
    ['other', other],
    ['one', one],
  ] as const) {
    await create(name, spec);
    await pods.waitFor(`${id}-${name}`, isRefused, 'the scheduler to refuse it');
  }
}

/** Frees the only place; gives what came of the one that waited for less long. */
async function freePlace({ pods }: Place, id: string): Promise<string> {
  const placeOf = (name: string) => pods.get(`${id}-${name}`).then(({ spec }) => spec!.nodeName);
  await setTimeout(backOffMs);
  await pods.delete(`${id}-full`, { gracePeriodSeconds: 0 });
  return until(async () => {
    const [one, other] = await Promise.all([placeOf('one'), placeOf('other')]);
    return one ? 'is placed first' : other ? 'waits' : undefined;
  }, 'the place to be taken again');
}

/**
 * Has each of two pods wait beside one that has waited for longer, and sees who is placed first. One after the other: the scheduler
 * tries all who wait whenever a pod is gone anywhere, and leaves them alone for a while then, in which there is no order.
 */
export async function placeOnes(
  place: Place,
  ones: Pair<Partial<V1PodSpec>>,
  other: Partial<V1PodSpec>,
): Promise<Pair<string>> {
  const idOf = (which: string) => `${place.id}-${which}`;
  await both(ones, (one, which) => fillUp(place, idOf(which), one, other));
  const whole = await freePlace(place, idOf('whole'));
  return { whole, changed: await freePlace(place, idOf('changed')) };
}

/** Has a pod wait while another one has the only place; gives what came of it. */
export async function waitBesideOne(
  place: Place,
  id: string,
  one: Partial<V1PodSpec>,
  other: Partial<V1PodSpec>,
): Promise<string> {
  const { pods } = place;
  const create = await makeOnlyPlace(place, id);
  await create('other', other);
  await pods.waitFor(`${id}-other`, ({ spec }) => spec!.nodeName, 'the only place to be taken');
  await create('one', one);
  const { status } = await pods.waitFor(
    `${id}-one`,
    (pod) => isRefused(pod) && (pod.status!.nominatedNodeName ?? pod.status!.conditions!.some(neverPreempts)),
    'the scheduler to say what it does about it',
  );
  return status!.nominatedNodeName === undefined ? 'waits' : 'has somebody end for it';
}

const neverPreempts = ({ message = '' }: { message?: string }) =>
  /not eligible due to preemptionPolicy=Never/.test(message);

export const placementTrials = {
  'has replicas': hasReplicas({ unschedulable: false }),
  'has room on one node alone': hasReplicas({ unschedulable: true }),
  'loses its node': losesItsNode,
} satisfies Record<string, Trial>;
