import type { V1Pod } from '@kubernetes/client-node';
import type { ContainerPosition } from '../container/container-position.ts';
import type { PodOutcome } from './pod-status.ts';

/** Why a pod's containers were stopped. `finished`: those that count had ended, only sidecars were left. */
export type StopCause = 'finished' | 'deleted' | 'deadline' | 'shutdown';

/**
 * How a pod ends whose containers have all been stopped; undefined when it does not end: it goes on when the node is
 * back.
 * @param planned how it was to end when it finished by itself
 */
export function outcomeOf(
  cause: StopCause,
  pod: V1Pod,
  containers: ContainerPosition[],
  planned: PodOutcome['phase'] | undefined,
): PodOutcome | undefined {
  const main = containers.filter(({ kind }) => kind === 'main');
  const isSuccess = main.every(({ state, exitCode }) => state === 'ended' && exitCode === 0);
  switch (cause) {
    case 'finished':
      return { phase: planned ?? 'Failed' };
    case 'deleted':
      return { phase: isSuccess ? 'Succeeded' : 'Failed' };
    case 'deadline':
      return {
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      };
    case 'shutdown':
      if (pod.spec!.restartPolicy !== 'Never') return undefined;
      if (isSuccess) return { phase: 'Succeeded' };
      if (containers.every(({ state }) => state === 'none')) return undefined;
      return {
        phase: 'Failed',
        reason: 'Terminated',
        message: 'Pod was terminated in response to imminent node shutdown.',
      };
  }
}
