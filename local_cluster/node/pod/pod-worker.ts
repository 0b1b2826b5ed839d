// Everything that happens to one pod on this node, from the moment it is bound here until it is gone from the API. All of
// it goes through `sync`: whatever changed (the pod, a container, a time has come), one pass looks at where things are
// and does what is due. Passes never overlap.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ContainerOwner } from '../container/container-owner.ts';
import { tryStart } from '../container/container-tries.ts';
import { createContainers, type PodContainer } from '../container/pod-container.ts';
import type { AddressPair } from '../network/addresses.ts';
import { Runner } from '../runs/runner.ts';
import type { NodeContext } from './node-context.ts';
import { createPasses, type Passes } from './passes.ts';
import { type EndingPod, graceMsOf, PodEnding, type PodStop } from './pod-ending.ts';
import { outcomeOf } from './pod-outcome.ts';
import { planPod } from './pod-plan.ts';
import { createPodReporter, type PodReporter } from './pod-reporter.ts';
import { PodSetup, type SetUpPod } from './pod-setup.ts';
import type { PodOutcome } from './pod-status.ts';

const retryMs = 1_000;

/** One pod of this node. */
export class PodWorker implements ContainerOwner, EndingPod, SetUpPod {
  pod: V1Pod;
  readonly uid: string;
  readonly folder: string;
  readonly containers: PodContainer[];
  readonly #node: NodeContext;
  readonly #setup: PodSetup;
  readonly #ending: PodEnding;
  readonly #reporter: PodReporter;
  readonly #passes: Passes;
  #outcome: PodOutcome | undefined;
  #isOpen = false;
  #isReleased = false;
  #change = Promise.withResolvers<void>();

  constructor(pod: V1Pod, node: NodeContext) {
    this.pod = pod;
    this.#node = node;
    this.uid = pod.metadata!.uid!;
    this.folder = join(node.podsFolder, this.uid);
    this.containers = createContainers(
      pod,
      this.folder,
      this,
      (folder) => new Runner(folder, node.shim, () => this.#changed()),
    );
    this.#setup = new PodSetup(this, node);
    this.#ending = new PodEnding(this);
    this.#reporter = createPodReporter(pod, node);
    this.#passes = createPasses(
      () => this.#look(),
      (fault) => this.complain(fault),
    );
  }

  /** Takes a newer version of the pod. */
  update(pod: V1Pod): void {
    this.pod = pod;
    this.sync();
  }

  /** Does what is due, now or right after the pass that is under way. */
  sync(): void {
    this.#passes.request();
  }

  /** Has a look again after so many milliseconds, or earlier. */
  wakeIn(ms: number): void {
    this.#passes.requestIn(ms);
  }

  /** Ends one container that is to be started again, e.g. because its liveness probe failed. */
  restart(container: string, why: string, graceSeconds?: number): void {
    this.#ending.restart(container, why, graceSeconds);
  }

  /**
   * The node goes down: stops the containers. A pod that is never restarted fails; others go on at the next start.
   * Settles when that has been done and reported.
   */
  async shutDown(graceMs: number): Promise<void> {
    if (this.#isReleased) return;
    this.#ending.begin('shutdown', Math.min(graceMs, graceMsOf(this.pod)));
    while (!this.#isReleased) await this.changed;
    await this.#reporter.written();
  }

  /** The pod is gone from the API: ends what is left of it and forgets it. */
  async remove(): Promise<void> {
    this.#reporter.stop();
    this.#ending.begin('deleted', 0);
    this.sync();
    while (!this.#isReleased) await this.changed;
    for (const { runner } of this.containers) runner.close();
    this.#node.cgroups.removePod(this.uid);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #look(): Promise<void> {
    if (!this.#isOpen) await this.#open();
    this.#observe();
    if (!this.#isReleased) {
      this.#ending.beginIfAsked(this.#setup.startTime);
      if (!this.#ending.stop) await this.#advance();
      if (this.#ending.stop?.isDone) await this.#conclude(this.#ending.stop);
      this.#report();
    }
    if (this.#isReleased && this.pod.metadata!.deletionTimestamp && this.#outcome)
      await this.#reporter.confirmDeletion();
  }

  /** Finds out what an earlier agent has done for the pod. */
  async #open(): Promise<void> {
    const wasHere = this.#setup.recall();
    const { status } = this.pod;
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const container of this.containers) await container.resume(statuses, wasHere);
    const phase = status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      this.#outcome = { phase };
      await this.#release();
    }
    this.#isOpen = true;
  }

  /** Moves the pod forward. */
  async #advance(): Promise<void> {
    if (!this.#setup.prepared && !(await this.#prepare())) return;
    const { restartPolicy = 'Always' } = this.pod.spec!;
    const plan = planPod(
      restartPolicy,
      this.containers.map(({ position }) => position),
    );
    if (plan.outcome) {
      this.#ending.begin('finished', graceMsOf(this.pod), plan.outcome);
      return;
    }
    for (const name of plan.start) {
      const container = this.containers.find(({ spec }) => spec.name === name)!;
      await tryStart(container, this.#setup.prepared!, this, this.#node);
    }
  }

  /** Gives the pod what it needs. False while a volume cannot be mounted. */
  async #prepare(): Promise<boolean> {
    const address = this.#setup.settle();
    try {
      await this.#setup.mountVolumes(address);
    } catch (fault) {
      this.event('Warning', 'FailedMount', `volumes cannot be mounted: ${(fault as Error).message}`);
      this.wakeIn(retryMs);
      return false;
    }
    for (const container of this.containers) container.recallProcess();
    await this.#setup.openHostPorts(address);
    this.#observe();
    return true;
  }

  async #conclude({ cause, planned }: PodStop): Promise<void> {
    this.#outcome = outcomeOf(
      cause,
      this.pod,
      this.containers.map(({ position }) => position),
      planned,
    );
    // Nobody is to wait for the forwarders' end to learn of the pod's.
    this.#report();
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#passes.cancelTimer();
    await this.#ending.killRest();
    await this.#setup.release({ keepsAddress: !this.#outcome });
    this.#isReleased = true;
    this.#changed();
  }

  #report(): void {
    const { pod, containers } = this;
    const { address, startTime } = this.#setup;
    const againInMs = this.#reporter.report({ pod, containers, address, startTime, outcome: this.#outcome });
    if (againInMs !== undefined) this.wakeIn(againInMs);
  }

  #observe(): void {
    const isPrepared = this.#setup.prepared !== undefined;
    for (const container of this.containers) container.observe({ isPrepared });
  }

  get address(): AddressPair | undefined {
    return this.#setup.address;
  }

  /** Refuses new connections at its host ports; those that are open go on. */
  stopListening(): void {
    this.#setup.stopListening();
  }

  /** Records an event of the pod, or of one of its containers. */
  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    this.#node.events.record(this.pod, type, reason, message, container);
  }

  /** Tells the node's log what went wrong with the pod. */
  complain(fault: Error): void {
    const { namespace, name } = this.pod.metadata!;
    this.#node.log(`pod ${namespace}/${name}: ${fault.message}`);
  }

  /** Settles at the next change of any container. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  #changed(): void {
    const change = this.#change;
    this.#change = Promise.withResolvers<void>();
    change.resolve();
    this.sync();
  }
}
