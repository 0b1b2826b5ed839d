// Which ResourceQuotas count a tier's pods: a quota with scopes counts only the pods that match all of them.
// Source: `podMatchesScopeFunc` in k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go.
import type { WatchCache } from '@ml-job-mesh/cluster-client';
import type { Pod, ResourceQuota } from '../state/kubernetes-objects.ts';
import { amountOf } from './resources.ts';

type PodSpec = NonNullable<Pod['spec']>;
type Selector = NonNullable<
  NonNullable<NonNullable<ResourceQuota['spec']>['scopeSelector']>['matchExpressions']
>[number];

/** What is read of the quotas that are watched. */
export type QuotaSource = Pick<WatchCache<ResourceQuota>, 'values' | 'on' | 'hasSynced'>;

/** Of the quotas that are watched, those that count a pod. */
export function quotasCounting(pod: PodSpec, watch: QuotaSource): QuotaSource {
  return {
    values: () => [...watch.values()].filter((quota) => countsPod(quota, pod)).values(),
    on: watch.on,
    hasSynced: watch.hasSynced,
  };
}

/**
 * Whether a quota counts a pod. A priority class that the API server adds to a pod that names none is not known here; a quota
 * for it then limits what is started all the same, since the API server refuses the pods that are too many.
 */
export function countsPod({ spec }: ResourceQuota, pod: PodSpec): boolean {
  const plain = (spec?.scopes ?? []).map((scopeName): Selector => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])].every((selector) => matches(selector, pod));
}

function matches(selector: Selector, pod: PodSpec): boolean {
  switch (selector.scopeName) {
    case 'Terminating':
      return hasDeadline(pod);
    case 'NotTerminating':
      return !hasDeadline(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesClass(selector, pod.priorityClassName || undefined);
    case 'CrossNamespacePodAffinity':
      return looksAtOtherNamespaces(pod);
    default:
      return false;
  }
}

function hasDeadline({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

/** True of a pod of which no container asks for any processor or memory, nor the pod as a whole. */
function isBestEffort(pod: PodSpec): boolean {
  const all = [pod, ...pod.containers, ...(pod.initContainers ?? [])];
  return !all.some(({ resources }) =>
    [resources?.requests, resources?.limits].some((amounts) =>
      ['cpu', 'memory'].some((name) => amountOf((amounts as Record<string, string> | undefined)?.[name] ?? '0') > 0),
    ),
  );
}

/** As label selectors do, `NotIn` matches a pod without a class, too. */
function matchesClass({ operator, values = [] }: Selector, name: string | undefined): boolean {
  if (operator === 'Exists') return name !== undefined;
  if (operator === 'DoesNotExist') return name === undefined;
  const isAmong = name !== undefined && values.includes(name);
  return operator === 'NotIn' ? !isAmong : isAmong;
}

function looksAtOtherNamespaces({ affinity }: PodSpec): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((terms) =>
    [
      ...(terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ].some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined),
  );
}
