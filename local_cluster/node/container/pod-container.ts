// One container of a pod: its runs, what follows from their starts and ends (events, probes, hooks), and its state.
import { join } from 'node:path';
import type { V1Container, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { readRecordFile } from '../../record-file.ts';
import { startProbes } from '../probes/probes.ts';
import type { ShimConfig } from '../runs/records.ts';
import { logFile, type Run, type Runner, terminationLog } from '../runs/runner.ts';
import { commandIn, type DescribedProcess, runHook } from './container-hooks.ts';
import type { ContainerOwner } from './container-owner.ts';
import type { ContainerKind, ContainerPosition } from './container-position.ts';
import { ContainerState } from './container-state.ts';
import { type ContainerView, readExitMessage } from './container-status.ts';

const postStartPatienceMs = 60_000;

/** The containers of a pod in the order of its specification, init containers first. */
export function createContainers(
  pod: V1Pod,
  folder: string,
  owner: ContainerOwner,
  createRunner: (folder: string) => Runner,
): PodContainer[] {
  const { initContainers = [], containers } = pod.spec!;
  const create = (spec: V1Container, kind: ContainerKind) =>
    new PodContainer(spec, kind, createRunner(join(folder, 'containers', spec.name)), owner);
  return [
    ...initContainers.map((spec) => create(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init')),
    ...containers.map((spec) => create(spec, 'main')),
  ];
}

/** One container of a pod on this node. */
export class PodContainer {
  readonly spec: V1Container;
  readonly kind: ContainerKind;
  readonly runner: Runner;
  readonly state = new ContainerState();
  readonly #owner: ContainerOwner;
  #process: DescribedProcess | undefined;
  #stopProbes: (() => void) | undefined;
  /** What an earlier agent had found out, for a container that it left running. */
  #known: { started: boolean; ready: boolean } | undefined;
  /** The run whose start and end have been acted upon. */
  #seenStart: Run | undefined;
  #seenEnd: Run | undefined;
  readonly #messages = new WeakMap<Run, { text: string | undefined }>();

  constructor(spec: V1Container, kind: ContainerKind, runner: Runner, owner: ContainerOwner) {
    this.spec = spec;
    this.kind = kind;
    this.runner = runner;
    this.#owner = owner;
  }

  /** Of the newest run: what the commands of probes and hooks are run with. */
  get process(): DescribedProcess | undefined {
    return this.#process;
  }

  /**
   * Finds out what an earlier agent has done for it.
   * @param statuses what that one reported
   * @param hasFolder whether it has left anything of the pod on this machine
   */
  async resume(statuses: V1ContainerStatus[], hasFolder: boolean): Promise<void> {
    const { runner, spec } = this;
    const reported = statuses.find(({ name }) => name === spec.name);
    if (hasFolder) await runner.adopt();
    else if (reported?.state?.running ?? reported?.state?.terminated) runner.recordLost();
    const isSameRun = reported?.containerID?.endsWith(`/${runner.current?.number}`);
    if (reported?.state?.running && isSameRun)
      this.#known = { started: reported.started ?? false, ready: reported.ready };
    this.#seenEnd = runner.current?.exit && runner.current;
  }

  /** Reads how an earlier agent has started the program that runs, for probes and hooks. */
  recallProcess(): void {
    if (!this.runner.isActive) return;
    const config = readRecordFile<ShimConfig>(join(this.runner.current!.folder, 'config.json'));
    if (!config) return;
    const { argv, env, cwd, paths, image } = config;
    this.#process = { argv, cwd, image, paths: new Map(paths), env: new Map(env.map(splitVariable)) };
  }

  /** Begins a new run. Its end, also when the program cannot be executed, is told by the runner. */
  begin(describe: (run: Pick<Run, 'folder' | 'number'>) => { process: DescribedProcess; config: ShimConfig }): void {
    const isRepetition = this.runner.current !== undefined;
    this.runner.start((run) => {
      const { process, config } = describe(run);
      this.#process = process;
      return config;
    });
    this.state.begin({ isRepetition });
  }

  /**
   * Acts upon the start and the end of the newest run, each once.
   * @param isPrepared the pod has all that probes and hooks need
   */
  observe({ isPrepared }: { isPrepared: boolean }): void {
    const run = this.runner.current;
    if (!run) return;
    if (run.start && !run.exit && this.#seenStart !== run && isPrepared) {
      this.#seenStart = run;
      this.#noticeStart();
    }
    if (run.exit && this.#seenEnd !== run) {
      this.#seenEnd = run;
      this.#noticeEnd();
    }
  }

  stopProbes(): void {
    this.#stopProbes?.();
    this.#stopProbes = undefined;
  }

  #noticeStart(): void {
    const known = this.#known;
    this.#known = undefined;
    this.state.enter();
    if (!known) {
      this.#owner.event('Normal', 'Started', `Started container ${this.spec.name}`, this.spec.name);
      void this.#runPostStart();
    }
    this.#startProbes(known);
  }

  #startProbes(known: { started: boolean; ready: boolean } | undefined): void {
    const { spec, state, runner } = this;
    const owner = this.#owner;
    const address = owner.address!;
    this.#stopProbes = startProbes(
      {
        spec,
        host: address.local,
        translate: (command) => {
          if (!this.#process) throw new Error('how its program was started is not on record any more');
          return commandIn({ process: this.#process, address, runner }, command);
        },
        startedAt: Date.parse(runner.current!.start!.startedAt),
        known,
      },
      {
        onStarted: () => {
          state.markStarted();
          owner.sync();
        },
        onReady: (isReady) => {
          state.markReady(isReady);
          owner.sync();
        },
        onFailure: (kind, finding, isFinal) => {
          const name = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
          owner.event('Warning', 'Unhealthy', `${name} probe failed: ${finding}`, spec.name);
          const { terminationGracePeriodSeconds } = spec[`${kind}Probe`]!;
          if (isFinal)
            owner.restart(spec.name, `failed ${kind} probe, will be restarted`, terminationGracePeriodSeconds);
        },
      },
    );
  }

  async #runPostStart(): Promise<void> {
    const { spec, runner } = this;
    const hook = spec.lifecycle?.postStart;
    if (!hook || !this.#process) return;
    const container = { spec, process: this.#process, address: this.#owner.address!, runner };
    const finding = await runHook(hook, container, { timeoutMs: postStartPatienceMs });
    if (finding === undefined) return;
    this.#owner.event('Warning', 'FailedPostStartHook', finding, spec.name);
    this.#owner.restart(spec.name, 'failed its postStart hook');
  }

  #noticeEnd(): void {
    this.stopProbes();
    this.state.enter();
    const { startError } = this.runner.current!.exit!;
    if (!startError) return;
    const message = `Error: failed to create the container: ${startError}`;
    this.#owner.event('Warning', 'Failed', message, this.spec.name);
  }

  /** Where the container is, for the pod's plan. */
  get position(): ContainerPosition {
    const { spec, kind } = this;
    const { current } = this.runner;
    const state = !current ? 'none' : current.exit ? 'ended' : 'active';
    const started = this.state.started && state === 'active';
    return { name: spec.name, kind, state, started, exitCode: current?.exit?.exitCode };
  }

  /** What is known of the container, for the status of the pod with this uid. */
  view(podUid: string): ContainerView & { kind: ContainerKind } {
    const { spec, kind, runner, state } = this;
    const { current, previous } = runner;
    const idOf = ({ number }: Run) => `process://${podUid}/${spec.name}/${number}`;
    const hasStarted = current?.start || current?.exit;
    // A run that has not started yet leaves the one before it in view.
    const shown = hasStarted ? current : undefined;
    const before = hasStarted ? previous : current && previous;
    return {
      spec,
      kind,
      id: shown && idOf(shown),
      start: shown?.start,
      exit: shown?.exit,
      exitMessage: shown?.exit && this.#messageOf(shown),
      previous: before?.exit && { id: idOf(before), exit: before.exit, message: this.#messageOf(before) },
      waiting: state.waiting,
      restarts: runner.restarts,
      started: state.started && runner.isActive,
      ready: state.ready && runner.isActive,
    };
  }

  #messageOf(run: Run): string | undefined {
    let message = this.#messages.get(run);
    if (!message) {
      const { terminationMessagePolicy } = this.spec;
      message = { text: readExitMessage(run.exit!, terminationMessagePolicy, terminationLog(run), logFile(run)) };
      this.#messages.set(run, message);
    }
    return message.text;
  }
}

function splitVariable(variable: string): [string, string] {
  const end = variable.indexOf('=');
  return [variable.slice(0, end), variable.slice(end + 1)];
}
