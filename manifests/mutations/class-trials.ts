// What priority classes are for, with copies of them that a setting may be missing from.
import type { KubernetesObject, V1Pod, V1PodSpec, V1PriorityClass } from '@kubernetes/client-node';
import { cluster, until } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { placeOnes, waitBesideOne } from './placement-trials.ts';
import { both, type Pair, type Place, podSpecOf, type Trial } from './trial.ts';

const classesPath = '/apis/scheduling.k8s.io/v1/priorityclasses';
const made = new Set<string>();

async function makeClass(name: string, { value, preemptionPolicy }: Partial<V1PriorityClass>, globalDefault = false) {
  await cluster.create(classesPath, { metadata: { name }, value, preemptionPolicy, globalDefault });
  made.add(name);
}

async function removeClass(name: string): Promise<void> {
  await cluster.delete(`${classesPath}/${name}`);
  made.delete(name);
}

/** Removes every class that was made here. */
export const removeClasses = () => Promise.all([...made].map((name) => removeClass(name).catch(() => undefined)));

function classOf(object: KubernetesObject): Partial<V1PodSpec> {
  const { priorityClassName } = podSpecOf(object);
  return priorityClassName === undefined ? {} : { priorityClassName };
}

const classesOf = ({ whole, changed }: Pair): Pair<Partial<V1PodSpec>> => ({
  whole: classOf(whole),
  changed: classOf(changed),
});

const premium = { priorityClassName: 'ml-job-mesh-premium' };

const waitsBesidePremium: Trial = (pair, place) => placeOnes(place, classesOf(pair), premium);

/** Has pods with the class wait on a node that a lesser pod has filled. */
const waitsBesideLesserPods: Trial = (pair, place) =>
  both(pair as Pair<V1PriorityClass>, async (settings, which) => {
    const id = `${place.id}-${which}`;
    await makeClass(id, settings);
    await makeClass(`${id}-lesser`, { value: settings.value! - 1, preemptionPolicy: 'Never' });
    return waitBesideOne(place, id, { priorityClassName: id }, { priorityClassName: `${id}-lesser` });
  });

/** What a pod of the namespace gets that names no class. */
async function defaultPriority({ pods }: Place): Promise<number> {
  const container = { name: 'main', image: 'none' };
  const pod = { metadata: { generateName: 'classless-' }, spec: { containers: [container] } };
  const path = `/api/v1/namespaces/${pods.namespace}/pods`;
  return (await cluster.create<V1Pod>(path, pod, { query: { dryRun: 'All' } })).spec!.priority ?? 0;
}

/**
 * On a cluster whose own default class is above premium. Only that long does it exist: who names no class has it, too.
 */
const waitsBesideADefaultClass: Trial = async (pair, place) => {
  const name = `${place.id}-default`;
  await makeClass(name, { value: 500, preemptionPolicy: 'Never' }, true);
  try {
    await until(async () => (await defaultPriority(place)) === 500, 'the default class');
    return await placeOnes(place, classesOf(pair), premium);
  } finally {
    await removeClass(name);
    await until(async () => (await defaultPriority(place)) === 0, 'the default class to be gone');
  }
};

/** Each of these by itself, with nothing beside it that deletes pods. */
export const orderTrials = {
  'waits beside premium jobs': waitsBesidePremium,
  'waits beside premium jobs, with a default class': waitsBesideADefaultClass,
} satisfies Record<string, Trial>;

export const classTrials = {
  ...orderTrials,
  'waits beside lesser pods': waitsBesideLesserPods,
} satisfies Record<string, Trial>;
