// One container of a pod, as the pod's worker sees it: its runs, its probes, and what it waits for.
import { join } from 'node:path';
import type { V1Container, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { ImageDescription } from '../images/images.ts';
import type { ContainerKind, ContainerPosition } from '../pod/pod-plan.ts';
import { type BackOff, createBackOff } from './back-off.ts';
import type { ContainerProcess } from './container-process.ts';
import { ContainerRunner, logFile, type Run, terminationLog } from './container-runner.ts';
import { type ContainerView, readExitMessage } from './container-status.ts';

export interface PodContainer {
  readonly spec: V1Container;
  readonly kind: ContainerKind;
  readonly runner: ContainerRunner;
  readonly backOff: BackOff;
  /** Why it does not run, while it is to run. */
  waiting?: ContainerView['waiting'] | undefined;
  /** Not to be tried before (epoch ms). */
  tryAt: number;
  /** Since when the error of the last pull shows (epoch ms). */
  shownSince?: number;
  /** Between tries to find the image. */
  pullBackOff: BackOff;
  started: boolean;
  ready: boolean;
  /** Of the newest run. */
  process?: (ContainerProcess & { image: ImageDescription }) | undefined;
  stopProbes?: (() => void) | undefined;
  /** What an earlier agent had found out, for a container that it left running. */
  known?: { started: boolean; ready: boolean } | undefined;
  /** The run whose start and end have been acted upon. */
  seenStart?: Run | undefined;
  seenEnd?: Run | undefined;
}

/** The containers of a pod in the order of its specification, init containers first. */
export function createContainers(pod: V1Pod, folder: string, shim: string, onChange: () => void): PodContainer[] {
  const { initContainers = [], containers } = pod.spec!;
  const create = (spec: V1Container, kind: ContainerKind): PodContainer => ({
    spec,
    kind,
    runner: new ContainerRunner(join(folder, 'containers', spec.name), shim, onChange),
    backOff: createBackOff(),
    pullBackOff: createBackOff(),
    tryAt: 0,
    started: false,
    ready: false,
  });
  return [
    ...initContainers.map((spec) => create(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init')),
    ...containers.map((spec) => create(spec, 'main')),
  ];
}

/** Where the container is, for the pod's plan. */
export function positionOf({ spec, kind, runner, started }: PodContainer): ContainerPosition {
  const { current } = runner;
  const state = !current ? 'none' : current.exit ? 'ended' : 'active';
  return { name: spec.name, kind, state, started: started && state === 'active', exitCode: current?.exit?.exitCode };
}

/** What is known of the container, for the pod's status. */
export function viewOf(container: PodContainer, podUid: string): ContainerView & { kind: ContainerKind } {
  const { spec, kind, runner, waiting, started, ready } = container;
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
    exitMessage: shown?.exit && messageOf(shown, spec),
    previous: before?.exit && { id: idOf(before), exit: before.exit, message: messageOf(before, spec) },
    waiting,
    restarts: runner.restarts,
    started: started && runner.isActive,
    ready: ready && runner.isActive,
  };
}

/** What an earlier agent reported of the container, if it is about the run that is still going on. */
export function knownFrom(statuses: V1ContainerStatus[], container: PodContainer): PodContainer['known'] {
  const status = statuses.find(({ name }) => name === container.spec.name);
  const isSameRun = status?.containerID?.endsWith(`/${container.runner.current?.number}`);
  return status?.state?.running && isSameRun ? { started: status.started ?? false, ready: status.ready } : undefined;
}

const messages = new WeakMap<Run, { text: string | undefined }>();

function messageOf(run: Run, spec: V1Container): string | undefined {
  let message = messages.get(run);
  if (!message) {
    message = {
      text: readExitMessage(run.exit!, spec.terminationMessagePolicy, terminationLog(run), logFile(run)),
    };
    messages.set(run, message);
  }
  return message.text;
}
