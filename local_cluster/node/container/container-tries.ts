// Whether a container that is to run can be started now, and what it waits for where it cannot.
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { findImage } from '../images/images.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { VolumeError } from '../volumes/volumes.ts';
import { type PreparedPod, startContainer } from './container-start.ts';
import { ContainerConfigError } from './environment.ts';
import type { PodContainer } from './pod-container.ts';

/** For so long a failed pull shows as such, before it shows that it is waited for the next try. */
const pullErrorShownMs = 1_000;
const configRetryMs = 2_000;

/** Starts the container, unless it has to wait; then the worker is woken when the wait is over. */
export async function tryStart(container: PodContainer, prepared: PreparedPod, worker: PodWorker): Promise<void> {
  if (isWaiting(container, worker)) return;
  const { spec, runner, backOff } = container;
  const image = findImage(worker.node.imagesFile, spec.image ?? '');
  if (!image) return waitForImage(container, worker);
  const isRepetition = runner.current !== undefined;
  try {
    await startContainer(container, image, { ...prepared, pod: worker.pod }, worker.node);
  } catch (fault) {
    return waitForConfig(container, worker, fault);
  }
  if (isRepetition) backOff.advance();
  container.waiting = undefined;
  container.started = container.ready = false;
  const present = `Container image "${spec.image}" already present on machine`;
  worker.event('Normal', 'Pulled', present, spec.name);
  worker.event('Normal', 'Created', `Created container: ${spec.name}`, spec.name);
}

function isWaiting(container: PodContainer, worker: PodWorker): boolean {
  const { spec, runner, backOff, waiting, tryAt } = container;
  const leftMs = tryAt - Date.now();
  if (leftMs > 0) {
    if (waiting?.reason === 'ErrImagePull') showPullBackOff(container, leftMs, worker);
    worker.wakeIn(leftMs);
    return true;
  }
  const ended = runner.current?.exit;
  const backOffMs = ended ? backOff.remainingMs(Date.parse(ended.finishedAt)) : 0;
  if (backOffMs === 0) return false;
  if (waiting?.reason !== 'CrashLoopBackOff') {
    const { name, namespace, uid } = worker.pod.metadata!;
    const which = `failed container=${spec.name} pod=${name}_${namespace}(${uid})`;
    container.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${backOff.describe()} restarting ${which}`,
    };
    worker.event('Warning', 'BackOff', `Back-off restarting ${which}`, spec.name);
  }
  worker.wakeIn(backOffMs);
  return true;
}

function waitForImage(container: PodContainer, worker: PodWorker): void {
  const { spec, pullBackOff } = container;
  if (spec.imagePullPolicy === 'Never') {
    const message = `Container image "${spec.image}" is not present with pull policy of Never`;
    container.waiting = { reason: 'ErrImageNeverPull', message };
    worker.event('Warning', 'ErrImageNeverPull', message, spec.name);
  } else {
    const message = `failed to pull image "${spec.image}": this node knows no image of that name`;
    container.waiting = { reason: 'ErrImagePull', message };
    worker.event('Warning', 'Failed', message[0]!.toUpperCase() + message.slice(1), spec.name);
    worker.event('Warning', 'Failed', 'Error: ErrImagePull', spec.name);
  }
  pullBackOff.advance();
  const waitMs = pullBackOff.remainingMs(Date.now());
  container.tryAt = Date.now() + waitMs;
  container.shownSince = Date.now();
  worker.wakeIn(pullErrorShownMs);
}

function showPullBackOff(container: PodContainer, leftMs: number, worker: PodWorker): void {
  const shownForMs = Date.now() - (container.shownSince ?? 0);
  if (shownForMs < pullErrorShownMs) {
    worker.wakeIn(Math.min(leftMs, pullErrorShownMs - shownForMs));
    return;
  }
  const message = `Back-off pulling image "${container.spec.image}"`;
  container.waiting = { reason: 'ImagePullBackOff', message };
  worker.event('Normal', 'BackOff', message, container.spec.name);
  worker.event('Warning', 'Failed', 'Error: ImagePullBackOff', container.spec.name);
}

function waitForConfig(container: PodContainer, worker: PodWorker, fault: unknown): void {
  const isKnown = fault instanceof ContainerConfigError || fault instanceof VolumeError;
  if (!isKnown && !(fault instanceof KubernetesError)) throw fault;
  const message = fault.message;
  container.waiting = { reason: 'CreateContainerConfigError', message };
  container.tryAt = Date.now() + configRetryMs;
  worker.event('Warning', 'Failed', `Error: ${message}`, container.spec.name);
  worker.wakeIn(configRetryMs);
}
