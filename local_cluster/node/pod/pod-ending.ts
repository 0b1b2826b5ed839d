// The way of a pod from the cause of its end until its containers have been stopped.
import type { V1Pod } from '@kubernetes/client-node';
import type { ContainerOwner } from '../container/container-owner.ts';
import type { PodContainer } from '../container/pod-container.ts';
import type { StopCause } from './pod-outcome.ts';
import type { PodOutcome } from './pod-status.ts';
import {
  noPatience,
  type Patience,
  patienceOf,
  type StopRequest,
  shorter,
  stopContainer,
  stopContainers,
} from './pod-stop.ts';

/** A stop that has begun. */
export interface PodStop {
  readonly cause: StopCause;
  /** How the pod is to end that finished by itself. */
  readonly planned: PodOutcome['phase'] | undefined;
  patience: Patience;
  /** Every container has been stopped. */
  isDone: boolean;
}

/** What the end of a pod needs of it. */
export interface EndingPod extends Omit<ContainerOwner, 'restart'> {
  readonly containers: readonly PodContainer[];
  /** Settles at the next change of any container. */
  readonly changed: Promise<void>;
  /** Refuses new connections at its host ports. */
  stopListening(): void;
  /** Tells the node's log what went wrong. */
  complain(fault: Error): void;
}

const defaultGraceSeconds = 30;

/** How long the pod's containers may take to end. */
export function graceMsOf({ spec }: V1Pod): number {
  return (spec!.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
}

/** Ends one pod, and single containers of it that are to be started again. */
export class PodEnding {
  /** Undefined until something ends the pod. */
  stop: PodStop | undefined;
  readonly #pod: EndingPod;

  constructor(pod: EndingPod) {
    this.#pod = pod;
  }

  /** Ends a pod that was deleted, or that has run for as long as it may. */
  beginIfAsked(startTime: Date): void {
    const { metadata, spec } = this.#pod.pod;
    if (metadata!.deletionTimestamp) {
      this.begin('deleted', (metadata!.deletionGracePeriodSeconds ?? defaultGraceSeconds) * 1000);
    }
    if (spec!.activeDeadlineSeconds === undefined || this.stop) return;
    const leftMs = startTime.getTime() + spec!.activeDeadlineSeconds * 1000 - Date.now();
    if (leftMs <= 0) this.begin('deadline', graceMsOf(this.#pod.pod));
    else this.#pod.wakeIn(leftMs);
  }

  /** Begins to stop the containers; where that has begun, it may only have to be done sooner. */
  begin(cause: StopCause, graceMs: number, planned?: PodOutcome['phase']): void {
    const patience = patienceOf(graceMs);
    if (this.stop) {
      this.stop.patience = shorter(this.stop.patience, patience);
      return;
    }
    const stop: PodStop = { cause, planned, patience, isDone: false };
    this.stop = stop;
    const pod = this.#pod;
    pod.stopListening();
    const active = pod.containers.filter(({ runner }) => runner.isActive);
    if (active.length === 0) {
      stop.isDone = true;
      pod.sync();
      return;
    }
    for (const { spec } of active) pod.event('Normal', 'Killing', `Stopping container ${spec.name}`, spec.name);
    const isNodeGoingDown = cause === 'shutdown';
    void stopContainers({ ...this.#request(active, () => stop.patience), isNodeGoingDown })
      .catch((fault) => pod.complain(fault))
      .then(() => {
        // What has not ended by now is killed when the pod is released.
        stop.isDone = true;
        pod.sync();
      });
  }

  /** Ends one container that is to be started again, e.g. because its liveness probe failed. */
  restart(name: string, why: string, graceSeconds?: number): void {
    if (this.stop) return;
    const pod = this.#pod;
    const container = pod.containers.find(({ spec }) => spec.name === name)!;
    container.stopProbes();
    pod.event('Normal', 'Killing', `Container ${name} ${why}`, name);
    const patience = patienceOf(graceSeconds !== undefined ? graceSeconds * 1000 : graceMsOf(pod.pod));
    stopContainer(
      container,
      this.#request([container], () => patience),
    ).catch((fault) => pod.complain(fault));
  }

  /** Ends what still runs, without any patience. */
  async killRest(): Promise<void> {
    const { containers } = this.#pod;
    for (const container of containers) container.stopProbes();
    if (containers.some(({ runner }) => runner.isActive))
      await stopContainers(this.#request(containers, () => noPatience));
  }

  #request(containers: readonly PodContainer[], patience: () => Patience): StopRequest {
    const pod = this.#pod;
    return {
      containers,
      address: pod.address,
      patience,
      changed: () => pod.changed,
      onHookFailure: ({ spec }, message) => pod.event('Warning', 'FailedPreStopHook', message, spec.name),
    };
  }
}
