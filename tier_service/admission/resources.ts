// Amounts of what a quota limits, as whole numbers, so that they add up exactly.
import { scaledValue } from '@ml-job-mesh/cluster-client';
import type { Pod } from '../state/kubernetes-objects.ts';

/** Amounts by the names that a ResourceQuota uses, in thousandths (of a core, a byte, a pod). */
export type Amounts = Record<string, number>;

/**
 * A Kubernetes quantity (`900m`, `2`, `1536Mi`, `1e3`) as an amount, rounded up as Kubernetes rounds.
 * @throws RangeError for anything else
 */
export function amountOf(quantity: string): number {
  return scaledValue(quantity, -3);
}

type PodSpec = NonNullable<Pod['spec']>;

/** The same pods are counted at each change of the queue; their specs are read once. */
const known = new WeakMap<PodSpec, Amounts>();

/** What a pod counts for in a ResourceQuota: itself, and its containers' requests and limits. */
export function podAmounts(spec: PodSpec): Amounts {
  const amounts = known.get(spec) ?? countPod(spec);
  known.set(spec, amounts);
  return amounts;
}

function countPod(spec: PodSpec): Amounts {
  const amounts: Amounts = { pods: 1_000, 'count/pods': 1_000 };
  for (const kind of ['requests', 'limits'] as const) {
    for (const resource of ['cpu', 'memory']) amounts[`${kind}.${resource}`] = containersAmount(spec, kind, resource);
  }
  return { ...amounts, cpu: amounts['requests.cpu']!, memory: amounts['requests.memory']! };
}

/** Containers and sidecars add up; an ordinary init container counts only where it needs more than those. */
function containersAmount(
  { containers, initContainers = [] }: PodSpec,
  kind: 'requests' | 'limits',
  resource: string,
): number {
  const amount = (container: { resources?: { requests?: object; limits?: object } }) =>
    amountOf((container.resources?.[kind] as Record<string, string> | undefined)?.[resource] ?? '0');
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const together = [...containers, ...sidecars].reduce((sum, container) => sum + amount(container), 0);
  return Math.max(together, ...initContainers.map(amount));
}

export function addAmounts(left: Amounts, right: Amounts, sign: 1 | -1 = 1): Amounts {
  const sum = { ...left };
  for (const [name, amount] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + sign * amount;
  return sum;
}
