// Everything that happens to one pod on this node, from the moment it is bound here until it is gone from the API. All of
// it goes through `sync`: whatever changed (the pod, a container, a time has come), one pass looks at where things are
// and does what is due. Passes never overlap.
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Pod, V1PodCondition } from '@kubernetes/client-node';
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import type { AddressPair } from './addresses.ts';
import { watchContainer } from './container-events.ts';
import { describeRunning, type PreparedPod } from './container-start.ts';
import { neverRun } from './container-status.ts';
import { tryStart } from './container-tries.ts';
import { type HostPorts, openHostPorts } from './host-ports.ts';
import type { NodeContext } from './node-context.ts';
import { createContainers, knownFrom, type PodContainer, positionOf, viewOf } from './pod-container.ts';
import { createPodObjects } from './pod-objects.ts';
import { outcomeOf, type StopCause } from './pod-outcome.ts';
import { planPod } from './pod-plan.ts';
import { derivePodStatus, type PodOutcome } from './pod-status.ts';
import { stopContainer, stopContainers } from './pod-stop.ts';
import { readRecord, writeRecord } from './records.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';
import { prepareVolumes } from './volumes.ts';

/** `pod.json`, what must outlive the agent of a pod besides its containers. */
export interface PodRecord {
  namespace: string;
  name: string;
  address: AddressPair;
  startTime: string;
}

interface Stop {
  cause: StopCause;
  /** Epoch ms. */
  deadline: number;
  isDone: boolean;
  planned?: PodOutcome['phase'] | undefined;
}

const retryMs = 1_000;
/** A pod that is just starting is not reported before it runs, unless that takes longer than this. */
const quietStartMs = 150;
const defaultGraceSeconds = 30;

export class PodWorker {
  pod: V1Pod;
  readonly uid: string;
  readonly folder: string;
  readonly containers: PodContainer[];
  readonly node: NodeContext;
  readonly #writer: StatusWriter;
  readonly #boundAt = Date.now();
  #startTime = new Date();
  #address: AddressPair | undefined;
  #prepared: PreparedPod | undefined;
  #conditions: V1PodCondition[];
  #outcome: PodOutcome | undefined;
  #stop: Stop | undefined;
  #isOpen = false;
  #isReleased = false;
  #isRemoved = false;
  #isDeleted = false;
  #hostPorts: HostPorts | undefined;
  #pass: Promise<void> | undefined;
  #again = false;
  #wakeTimer: NodeJS.Timeout | undefined;
  /** When that timer ends (epoch ms). */
  #wakeAt = Number.POSITIVE_INFINITY;
  #volumeTimer: NodeJS.Timeout | undefined;
  #change = Promise.withResolvers<void>();

  constructor(pod: V1Pod, node: NodeContext) {
    this.pod = pod;
    this.node = node;
    this.uid = pod.metadata!.uid!;
    this.folder = join(node.podsFolder, this.uid);
    this.containers = createContainers(pod, this.folder, node.shim, () => this.#changed());
    this.#conditions = pod.status?.conditions ?? [];
    const { namespace, name } = pod.metadata!;
    this.#writer = createStatusWriter(node.cluster, pod, pod.status, (message) =>
      node.log(`status of ${namespace}/${name} was not taken: ${message}`),
    );
  }

  /** Takes a newer version of the pod. */
  update(pod: V1Pod): void {
    this.pod = pod;
    this.sync();
  }

  /** Does what is due, now or right after the pass that is under way. */
  sync(): void {
    this.#again = true;
    this.#pass ??= this.#passes().finally(() => {
      this.#pass = undefined;
      if (this.#again) this.sync();
    });
  }

  /**
   * The node goes down: stops the containers. A pod that is never restarted fails; others go on at the next start.
   * Settles when that has been done and reported.
   */
  async shutDown(graceMs: number): Promise<void> {
    if (this.#isReleased) return;
    const grace = Math.min(graceMs, this.#graceMs());
    if (this.#stop) this.#stop.deadline = Math.min(this.#stop.deadline, Date.now() + grace);
    else this.#beginStop('shutdown', grace);
    while (!this.#isReleased) await this.#change.promise;
    await this.#writer.written();
  }

  /** The pod is gone from the API: ends what is left of it and forgets it. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    this.#writer.stop();
    if (!this.#stop) this.#beginStop('deleted', 0);
    this.#stop!.deadline = 0;
    this.sync();
    while (!this.#isReleased) await this.#change.promise;
    for (const { runner } of this.containers) runner.close();
    this.node.cgroups.removePod(this.uid);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #passes(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      clearTimeout(this.#wakeTimer);
      this.#wakeAt = Number.POSITIVE_INFINITY;
      try {
        await this.#look();
      } catch (fault) {
        this.#complain(fault as Error);
        this.wakeIn(retryMs);
      }
    }
  }

  async #look(): Promise<void> {
    if (!this.#isOpen) await this.#open();
    for (const container of this.containers) watchContainer(container, this);
    if (!this.#isReleased) {
      this.#stopIfAsked();
      if (!this.#stop) await this.#advance();
      if (this.#stop?.isDone) await this.#conclude(this.#stop);
      this.#report();
    }
    if (this.#isReleased && this.pod.metadata!.deletionTimestamp && this.#outcome) await this.#delete();
  }

  /** Finds out what an earlier agent has done for the pod. */
  async #open(): Promise<void> {
    const record = readRecord<PodRecord>(this.folder, 'pod.json');
    const { status } = this.pod;
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    if (record) {
      this.#address = record.address;
      this.#startTime = new Date(record.startTime);
    }
    for (const container of this.containers) {
      const { runner } = container;
      if (record) await runner.adopt();
      else if (
        statuses.some(({ name, state }) => name === container.spec.name && (state?.running ?? state?.terminated))
      )
        runner.recordLost();
      container.known = knownFrom(statuses, container);
      container.seenEnd = runner.current?.exit && runner.current;
    }
    const phase = status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') {
      this.#outcome = { phase };
      await this.#release();
    }
    this.#isOpen = true;
  }

  /** Moves the pod forward. */
  async #advance(): Promise<void> {
    if (!(await this.#prepare())) return;
    const { restartPolicy = 'Always' } = this.pod.spec!;
    const plan = planPod(restartPolicy, this.containers.map(positionOf));
    if (plan.outcome) {
      this.#beginStop('finished', this.#graceMs(), plan.outcome);
      return;
    }
    for (const name of plan.start) {
      const container = this.containers.find(({ spec }) => spec.name === name)!;
      await tryStart(container, this.#prepared!, this);
    }
  }

  /** Gives the pod its address, volumes and host ports. False while a volume cannot be had. */
  async #prepare(): Promise<boolean> {
    if (this.#prepared) return true;
    const { pod, folder, node } = this;
    this.#address ??= pod.spec!.hostNetwork ? node.nodeAddress : node.addresses.allocate();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { namespace, name } = pod.metadata! as { namespace: string; name: string };
    const record = { namespace, name, address: this.#address, startTime: this.#startTime.toISOString() };
    writeRecord(folder, 'pod.json', record satisfies PodRecord);
    const objects = createPodObjects(node.cluster, pod);
    const prepared = { pod, folder, address: this.#address, objects, volumes: new Map<string, string>() };
    try {
      await this.#renewVolumes(prepared);
    } catch (fault) {
      this.event('Warning', 'FailedMount', `volumes cannot be had: ${(fault as Error).message}`);
      this.wakeIn(retryMs);
      return false;
    }
    for (const container of this.containers.filter(({ runner }) => runner.isActive))
      container.process = describeRunning(container);
    this.#hostPorts = await openHostPorts(pod, folder, this.#address, node, (message) =>
      this.event('Warning', 'HostPortFailed', message),
    );
    this.#prepared = prepared;
    for (const container of this.containers) watchContainer(container, this);
    return true;
  }

  async #renewVolumes(prepared: PreparedPod): Promise<void> {
    const { address, objects } = prepared;
    const { nodeAddress, allocatable } = this.node;
    const around = { address, nodeAddress, allocatable };
    const volumes = await prepareVolumes(this.pod, join(this.folder, 'volumes'), objects, around);
    prepared.volumes = volumes.paths;
    if (volumes.renewAfterMs === undefined || this.#isReleased) return;
    this.#volumeTimer = setTimeout(() => {
      this.#renewVolumes(prepared).catch((fault) => {
        this.#complain(fault);
        this.#volumeTimer = setTimeout(() => this.#renewVolumes(prepared).catch(() => undefined), retryMs * 10);
      });
    }, volumes.renewAfterMs);
  }

  #stopIfAsked(): void {
    const { metadata, spec } = this.pod;
    if (metadata!.deletionTimestamp) {
      const graceMs = (metadata!.deletionGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
      if (this.#stop) this.#stop.deadline = Math.min(this.#stop.deadline, Date.now() + graceMs);
      else this.#beginStop('deleted', graceMs);
    }
    if (spec!.activeDeadlineSeconds === undefined || this.#stop) return;
    const leftMs = this.#startTime.getTime() + spec!.activeDeadlineSeconds * 1000 - Date.now();
    if (leftMs <= 0) this.#beginStop('deadline', this.#graceMs());
    else this.wakeIn(leftMs);
  }

  #beginStop(cause: StopCause, graceMs: number, planned?: PodOutcome['phase']): void {
    const stop: Stop = { cause, deadline: Date.now() + graceMs, isDone: false, planned };
    this.#stop = stop;
    this.#hostPorts?.stopListening();
    const active = this.containers.filter(({ runner }) => runner.isActive);
    if (active.length === 0) {
      stop.isDone = true;
      this.sync();
      return;
    }
    for (const { spec } of active) this.event('Normal', 'Killing', `Stopping container ${spec.name}`, spec.name);
    const skipSleep = cause === 'shutdown';
    void stopContainers({ ...this.#stopRequest(() => stop.deadline), containers: active, skipSleep }).then(() => {
      stop.isDone = true;
      this.sync();
    });
  }

  /** Ends one container that is to be started again, e.g. because its liveness probe failed. */
  restart(container: PodContainer, why: string, graceSeconds?: number): void {
    if (this.#stop) return;
    container.stopProbes?.();
    this.event('Normal', 'Killing', `Container ${container.spec.name} ${why}`, container.spec.name);
    const deadline = Date.now() + (graceSeconds !== undefined ? graceSeconds * 1000 : this.#graceMs());
    void stopContainer(container, { ...this.#stopRequest(() => deadline), containers: [container] });
  }

  #stopRequest(deadline: () => number) {
    return {
      address: this.#address,
      deadline,
      changed: () => this.#change.promise,
      onHookFailure: ({ spec }: PodContainer, message: string) =>
        this.event('Warning', 'FailedPreStopHook', message, spec.name),
    };
  }

  async #conclude({ cause, planned }: Stop): Promise<void> {
    this.#outcome = outcomeOf(cause, this.pod, this.containers.map(positionOf), planned);
    // Nobody is to wait for the forwarders' end to learn of the pod's.
    this.#report();
    await this.#release();
  }

  async #release(): Promise<void> {
    clearTimeout(this.#volumeTimer);
    clearTimeout(this.#wakeTimer);
    for (const { stopProbes } of this.containers) stopProbes?.();
    if (this.containers.some(({ runner }) => runner.isActive))
      await stopContainers({ ...this.#stopRequest(() => 0), containers: this.containers });
    await this.#hostPorts?.close();
    if (this.#address && !this.pod.spec!.hostNetwork && this.#outcome) this.node.addresses.release(this.#address);
    this.#isReleased = true;
    this.#changed();
  }

  #report(): void {
    if (this.#isRemoved) return;
    const isOver = this.#outcome !== undefined;
    const containers = this.containers.map((container) => {
      const view = viewOf(container, this.uid);
      if (!isOver) return view;
      return view.exit ? { ...view, waiting: undefined } : { ...view, waiting: undefined, id: '', exit: neverRun };
    });
    const { pod, node } = this;
    const now = new Date();
    const status = derivePodStatus(
      {
        pod,
        address: this.#address,
        nodeAddress: node.nodeAddress,
        startTime: this.#startTime,
        containers,
        outcome: this.#outcome,
        conditions: this.#conditions,
      },
      now,
    );
    this.#conditions = status.conditions ?? [];
    const isQuiet = status.phase === 'Pending' && !containers.some(({ waiting }) => waiting);
    const quietLeftMs = this.#boundAt + quietStartMs - now.getTime();
    if (isQuiet && quietLeftMs > 0 && !pod.status?.startTime) this.wakeIn(quietLeftMs);
    else this.#writer.report(status);
  }

  /** The last word to the API about a pod that was deleted and has ended. */
  async #delete(): Promise<void> {
    if (this.#isDeleted || this.#isRemoved) return;
    await this.#writer.written();
    const { namespace, name } = this.pod.metadata!;
    try {
      await this.node.cluster.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, {
        gracePeriodSeconds: 0,
        preconditions: { uid: this.uid },
      });
      this.#isDeleted = true;
    } catch (fault) {
      const { status } = fault as KubernetesError;
      if (!(fault instanceof KubernetesError) || (status !== 404 && status !== 409)) throw fault;
      this.#isDeleted = true;
    }
  }

  /** Has a look again after so many milliseconds, or earlier. */
  wakeIn(ms: number): void {
    const at = Date.now() + ms;
    if (this.#wakeAt <= at) return;
    clearTimeout(this.#wakeTimer);
    this.#wakeAt = at;
    this.#wakeTimer = setTimeout(() => this.sync(), Math.min(ms, maxTimerMs));
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    this.node.events.record(this.pod, type, reason, message, container);
  }

  /** Settles at the next change of any container. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  get address(): AddressPair | undefined {
    return this.#address;
  }

  get isPrepared(): boolean {
    return this.#prepared !== undefined;
  }

  #graceMs(): number {
    return (this.pod.spec!.terminationGracePeriodSeconds ?? defaultGraceSeconds) * 1000;
  }

  #changed(): void {
    const change = this.#change;
    this.#change = Promise.withResolvers<void>();
    change.resolve();
    this.sync();
  }

  #complain(fault: Error): void {
    const { namespace, name } = this.pod.metadata!;
    this.node.log(`pod ${namespace}/${name}: ${fault.message}`);
  }
}

/** Longer timers overflow. */
const maxTimerMs = 2 ** 31 - 1;
