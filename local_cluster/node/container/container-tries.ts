// Whether a container that is to run can be started now, and what it waits for where it cannot.
import { KubernetesError } from '@ml-job-mesh/cluster-client';
import { ContainerConfigError } from '../environment/environment.ts';
import { findImage } from '../images/images.ts';
import { VolumeError } from '../volumes/volumes.ts';
import type { ContainerHost, ContainerOwner, PreparedPod } from './container-owner.ts';
import { startContainer } from './container-start.ts';
import type { PodContainer } from './pod-container.ts';

/** Starts the container, unless it has to wait; then the owner is woken when the wait is over. */
export async function tryStart(
  container: PodContainer,
  prepared: PreparedPod,
  owner: ContainerOwner,
  host: ContainerHost,
): Promise<void> {
  const { spec } = container;
  if (hold(container, owner)) return;
  try {
    const image = findImage(host.imagesFile, spec.image ?? '');
    if (image) await startContainer(container, image, owner.pod, prepared, host);
    else missImage(container, owner);
  } catch (fault) {
    missConfig(container, owner, fault as Error);
  }
  if (hold(container, owner)) return;
  const present = `Container image "${spec.image}" already present on machine`;
  owner.event('Normal', 'Pulled', present, spec.name);
  owner.event('Normal', 'Created', `Created container: ${spec.name}`, spec.name);
}

/** True while the container has to wait. */
function hold({ spec, runner, state }: PodContainer, owner: ContainerOwner): boolean {
  const exit = runner.current?.exit;
  const leftMs = state.hold(exit && Date.parse(exit.finishedAt), (cause, wait) => {
    if (cause === 'pull') {
      const message = `Back-off pulling image "${spec.image}"`;
      owner.event('Normal', 'BackOff', message, spec.name);
      owner.event('Warning', 'Failed', 'Error: ImagePullBackOff', spec.name);
      return message;
    }
    const { name, namespace, uid } = owner.pod.metadata!;
    const which = `failed container=${spec.name} pod=${name}_${namespace}(${uid})`;
    owner.event('Warning', 'BackOff', `Back-off restarting ${which}`, spec.name);
    return `back-off ${wait} restarting ${which}`;
  });
  if (leftMs > 0) owner.wakeIn(leftMs);
  return leftMs > 0;
}

function missImage({ spec, state }: PodContainer, owner: ContainerOwner): void {
  if (spec.imagePullPolicy === 'Never') {
    const message = `Container image "${spec.image}" is not present with pull policy of Never`;
    state.failPull({ reason: 'ErrImageNeverPull', message });
    owner.event('Warning', 'ErrImageNeverPull', message, spec.name);
  } else {
    const message = `failed to pull image "${spec.image}": this node knows no image of that name`;
    state.failPull({ reason: 'ErrImagePull', message });
    owner.event('Warning', 'Failed', message[0]!.toUpperCase() + message.slice(1), spec.name);
    owner.event('Warning', 'Failed', 'Error: ErrImagePull', spec.name);
  }
}

/** Whatever keeps a container from being made, it waits and says why; the pod's other containers go on. */
function missConfig({ spec, state }: PodContainer, owner: ContainerOwner, fault: Error): void {
  const isConfig = [ContainerConfigError, VolumeError, KubernetesError].some((kind) => fault instanceof kind);
  state.failCreation({
    reason: isConfig ? 'CreateContainerConfigError' : 'CreateContainerError',
    message: fault.message,
  });
  owner.event('Warning', 'Failed', `Error: ${fault.message}`, spec.name);
}
