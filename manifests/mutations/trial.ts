import type { KubernetesObject, V1Deployment, V1Job, V1PodSpec } from '@kubernetes/client-node';
import type { useNamespace } from '../../local_cluster/node/testing/cluster-under-test.ts';

/** An object as the manifests have it, and one without a setting. */
export interface Pair<T = KubernetesObject> {
  whole: T;
  changed: T;
}

/** Where a trial's objects are. */
export interface Place {
  pods: ReturnType<typeof useNamespace>;
  /** A name that no other trial has. */
  id: string;
}

/** Tries both at once; gives what came of each. */
export type Trial = (pair: Pair, place: Place) => Promise<Pair<string>>;

/** The pod of a workload. */
export const podSpecOf = (object: KubernetesObject): V1PodSpec =>
  structuredClone((object as V1Deployment | V1Job).spec!.template.spec!);

/** Does something with each of a pair, at once. */
export async function both<A, B>({ whole, changed }: Pair<A>, act: (one: A, which: 'whole' | 'changed') => Promise<B>) {
  const [first, second] = await Promise.all([act(whole, 'whole'), act(changed, 'changed')]);
  return { whole: first, changed: second };
}
