// Why a job does not run yet, in words that its user understands.
import { type Static, Type } from 'typebox';
import type { Pod } from './kubernetes-objects.ts';

/** Every reason that is told of a job that waits: its stable code, and what it means. */
const reasons = {
  next: 'It is about to be given its place',
  quota_full: 'All places of the quota are taken',
  quota_used_by_others: 'Pods that belong to no job of this tier take the room in the quota',
  quota_too_small: 'The quota has no room for even one job',
  quota_missing: 'The quota is missing, and nothing is started without it',
  start_refused: 'The Kubernetes API does not take the request to start it',
  suspended: 'An operator has suspended its Kubernetes Job',
  pod_not_made: 'Kubernetes has not made its pod yet',
  not_scheduled: 'Kubernetes has not looked for a node yet',
  no_room: 'No node has room for it',
  nodes_cordoned: 'Every node is closed to new pods',
  no_node: 'No node can take it',
  container_creating: 'Its node pulls the image and prepares the container',
  image_not_found: 'Its image cannot be pulled',
  start_error: 'Its container cannot be started',
} as const;
export type WaitingCode = keyof typeof reasons;

export const WaitingReason = Type.Object({
  code: Type.Enum(Object.keys(reasons) as WaitingCode[], {
    description: 'Stable; the description of this interface says what each means.',
  }),
  message: Type.String(),
});
export type WaitingReason = Static<typeof WaitingReason>;

/** All reasons, for the documentation. */
export function listWaitingReasons(): { code: string; meaning: string }[] {
  return Object.entries(reasons).map(([code, meaning]) => ({ code, meaning }));
}

/** One of the reasons; without a message of its own, in the words of its meaning. */
export function waitingReason(code: WaitingCode, message = `${reasons[code]}.`): WaitingReason {
  return { code, message };
}

/** Why a pod that has not ended does not run; undefined where it does, or is about to. */
export function explainPending(pod: Pod): WaitingReason | undefined {
  if (pod.status?.phase !== 'Pending') return undefined;
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (!pod.spec?.nodeName && scheduled?.status !== 'True') {
    return scheduled?.status === 'False'
      ? explainUnschedulable(scheduled.message ?? '')
      : waitingReason('not_scheduled');
  }
  const waiting = pod.status.containerStatuses?.[0]?.state?.waiting;
  const said = waiting?.message ? `: ${waiting.message.slice(0, 300)}` : '.';
  if (/^(ErrImage|ImagePull|ImageInspect|InvalidImage|RegistryUnavailable)/.test(waiting?.reason ?? ''))
    return waitingReason('image_not_found', `The image ${pod.spec?.containers[0]?.image} cannot be pulled${said}`);
  if (waiting?.reason?.endsWith('Error')) return waitingReason('start_error', `Its container cannot be started${said}`);
  return waitingReason(
    'container_creating',
    `The node ${pod.spec?.nodeName} pulls the image and prepares the container.`,
  );
}

/**
 * Reads the scheduler's message, e.g. `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.
 * preemption: …`: how many nodes there are, and how many of them each filter turned down.
 */
function explainUnschedulable(message: string): WaitingReason {
  const verdict = message.split(/\s*preemption:/)[0]!.trim();
  const nodes = Number(/^0\/(\d+) nodes/.exec(verdict)?.[1] ?? 0);
  const cordoned = Number(/(\d+) node\(s\) were unschedulable/.exec(verdict)?.[1] ?? 0);
  const said = `Kubernetes says: ${verdict.slice(0, 300)}`;
  if (/Insufficient|Too many pods/.test(verdict)) return waitingReason('no_room', `No node has room for it. ${said}`);
  if (nodes > 0 && cordoned === nodes)
    return waitingReason('nodes_cordoned', `Every node is closed to new pods (cordoned). ${said}`);
  return waitingReason('no_node', `No node can take it. ${said}`);
}
