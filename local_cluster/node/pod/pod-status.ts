// The status of a pod, as a pure function of where its containers are.
import type { V1Pod, V1PodCondition, V1PodStatus } from '@kubernetes/client-node';
import type { ContainerKind } from '../container/container-position.ts';
import { type ContainerView, describeContainer } from '../container/container-status.ts';
import type { AddressPair } from '../network/addresses.ts';

/** How a pod ended; it never leaves this again. */
export interface PodOutcome {
  phase: 'Succeeded' | 'Failed';
  reason?: string | undefined;
  message?: string | undefined;
}

export interface PodView {
  pod: V1Pod;
  /** Undefined before the pod has one. */
  address?: AddressPair | undefined;
  nodeAddress: AddressPair;
  startTime: Date;
  containers: (ContainerView & { kind: ContainerKind })[];
  outcome?: PodOutcome | undefined;
  /** The conditions last reported, whose transition times live on. */
  conditions: V1PodCondition[];
}

/** The status to report. `now` is the time of conditions that change. */
export function derivePodStatus(view: PodView, now: Date): V1PodStatus {
  const { pod, address, nodeAddress, startTime, containers, outcome } = view;
  const before = containers.filter(({ kind }) => kind !== 'main');
  const main = containers.filter(({ kind }) => kind === 'main');
  return {
    observedGeneration: pod.metadata?.generation ?? 0,
    phase: outcome?.phase ?? phaseOf(before, main),
    ...(outcome?.reason && { reason: outcome.reason }),
    ...(outcome?.message && { message: outcome.message }),
    hostIP: nodeAddress.announced,
    hostIPs: [{ ip: nodeAddress.announced }],
    ...(address && { podIP: address.announced, podIPs: [{ ip: address.announced }] }),
    startTime,
    conditions: deriveConditions(view, now),
    ...(before.length > 0 && { initContainerStatuses: before.map(describeInit) }),
    containerStatuses: main.map((container) => describeContainer(waitForInit(container, before))),
  } as V1PodStatus;
}

/** Running as soon as one container has run; Pending before that, init containers included. */
function phaseOf(before: PodView['containers'], main: PodView['containers']): string {
  const isInitialized = before.every(isThrough) || main.some(({ id }) => id);
  return isInitialized && main.some(({ start, exit, restarts }) => start || exit || restarts > 0)
    ? 'Running'
    : 'Pending';
}

function describeInit(container: PodView['containers'][number], index: number, before: PodView['containers']) {
  const status = describeContainer(waitForInit(container, before.slice(0, index)));
  return container.kind === 'init'
    ? { ...status, ready: container.exit?.exitCode === 0 && !container.waiting }
    : status;
}

function waitForInit(container: ContainerView, before: PodView['containers']): ContainerView {
  if (container.id || container.waiting || before.every(isThrough)) return container;
  return { ...container, waiting: { reason: 'PodInitializing' } };
}

function isThrough({ kind, exit, started }: PodView['containers'][number]): boolean {
  return kind === 'init' ? exit?.exitCode === 0 : started;
}

type Finding = Pick<V1PodCondition, 'type' | 'status' | 'reason' | 'message'>;

function deriveConditions(view: PodView, now: Date): V1PodCondition[] {
  const { pod, containers, outcome, conditions } = view;
  const isOver = outcome !== undefined;
  const before = containers.filter(({ kind }) => kind !== 'main');
  const serving = containers.filter(({ kind }) => kind !== 'init');
  const notThrough = before.filter((container) => !isThrough(container));
  const hasRunMain = containers.some(({ kind, id }) => kind === 'main' && id);
  const notReady = serving.filter(({ ready }) => !ready);
  const initialized =
    (notThrough.length === 0 || hasRunMain) && !(outcome?.phase === 'Failed' && notThrough.length > 0 && !hasRunMain);

  const containersReady = readiness('ContainersReady', outcome, notReady);
  const findings: Finding[] = [
    { type: 'PodReadyToStartContainers', status: !isOver && view.address ? 'True' : 'False' },
    initialized
      ? { type: 'Initialized', status: 'True', ...(outcome?.phase === 'Succeeded' && { reason: 'PodCompleted' }) }
      : { type: 'Initialized', status: 'False', ...incomplete('initialized', 'status', notThrough) },
    { ...containersReady, ...gate(pod, containersReady), type: 'Ready' },
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ];
  return findings.map((finding) => {
    const known = conditions.find(({ type }) => type === finding.type);
    const isSame = known?.status === finding.status;
    return { ...finding, lastTransitionTime: isSame && known.lastTransitionTime ? known.lastTransitionTime : now };
  });
}

function readiness(type: string, outcome: PodOutcome | undefined, notReady: ContainerView[]): Finding {
  if (outcome?.phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (outcome) return { type, status: 'False', reason: 'PodFailed' };
  if (notReady.length === 0) return { type, status: 'True' };
  return { type, status: 'False', ...incomplete('ready', 'status', notReady) };
}

/** A pod is ready when its containers are and every condition that it names itself holds. */
function gate(pod: V1Pod, containersReady: Finding): Partial<Finding> {
  if (containersReady.status !== 'True') return {};
  const closed = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) => pod.status?.conditions?.find(({ type }) => type === conditionType)?.status !== 'True',
  );
  if (closed.length === 0) return {};
  const names = closed.map(({ conditionType }) => conditionType).join(' ');
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: `readiness gates are not met: [${names}]` };
}

function incomplete(what: string, kind: string, containers: ContainerView[]) {
  const names = containers.map(({ spec }) => spec.name).join(' ');
  const upper = what === 'ready' ? 'ContainersNotReady' : 'ContainersNotInitialized';
  return {
    reason: upper,
    message: `containers with ${what === 'ready' ? 'unready' : 'incomplete'} ${kind}: [${names}]`,
  };
}
