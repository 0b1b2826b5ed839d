import type { KubernetesObject } from '@kubernetes/client-node';

interface Condition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
}

/** The few fields of a node that the grader interface looks at. */
export interface WatchedNode extends KubernetesObject {
  spec?: { unschedulable?: boolean | undefined };
  status?: {
    allocatable?: Record<string, string> | undefined;
    conditions?: Condition[] | undefined;
  };
}

/** A copy of a node without all that is never looked at; how often it shows a sign of life is left out, too. */
export function keepOfNode({ metadata, spec, status }: WatchedNode): WatchedNode {
  const { name, resourceVersion } = metadata ?? {};
  return {
    metadata: { name, resourceVersion } as NonNullable<WatchedNode['metadata']>,
    spec: { unschedulable: spec?.unschedulable },
    status: {
      allocatable: status?.allocatable,
      conditions: status?.conditions?.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    },
  };
}

/** What is wrong with a node: it is not ready, or is short of something. */
export function problemsOf({ status }: WatchedNode): Condition[] {
  const { conditions = [] } = status ?? {};
  const found = conditions.filter(({ type, status }) => (type === 'Ready' ? status !== 'True' : status === 'True'));
  if (conditions.some(({ type }) => type === 'Ready')) return found;
  return [
    { type: 'Ready', status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'The node has said nothing yet.' },
  ];
}
