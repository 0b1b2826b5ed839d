// What a pod's containers should do next, as a pure function of where they are: init containers one after the other,
// sidecars (init containers that are always restarted) before what follows them, then all others at once.
import type { ContainerPosition } from '../container/container-position.ts';

export interface PodPlan {
  /** Containers to run, or to run again as soon as their back-off allows. */
  start: string[];
  /** Set when nothing is left to do; sidecars may still be active. */
  outcome?: 'Succeeded' | 'Failed';
}

/** What to do next in a pod that is not being stopped. Containers come in the order of the pod's specification. */
export function planPod(restartPolicy: string, containers: ContainerPosition[]): PodPlan {
  const main = containers.filter(({ kind }) => kind === 'main');
  const before = containers.filter(({ kind }) => kind !== 'main');
  if (main.every(({ state }) => state === 'none')) {
    const plan = planBefore(restartPolicy, before);
    if (plan) return plan;
  }
  if (main.every((container) => isDone(restartPolicy, container)))
    return { start: [], outcome: main.some(({ exitCode }) => exitCode !== 0) ? 'Failed' : 'Succeeded' };
  const sidecars = before.filter(({ kind, state }) => kind === 'sidecar' && state !== 'active');
  const due = main.filter((container) => container.state !== 'active' && !isDone(restartPolicy, container));
  return { start: [...sidecars, ...due].map(({ name }) => name) };
}

/** The plan while init containers and sidecars are not all through; undefined when the others may start. */
function planBefore(restartPolicy: string, before: ContainerPosition[]): PodPlan | undefined {
  const start: string[] = [];
  for (const { name, kind, state, started, exitCode } of before) {
    if (kind === 'init' && state === 'ended' && exitCode === 0) continue;
    if (kind === 'init' && state === 'ended' && restartPolicy === 'Never') return { start, outcome: 'Failed' };
    if (state !== 'active') start.push(name);
    if (kind === 'init' || !started) return { start };
  }
  return undefined;
}

function isDone(restartPolicy: string, { state, exitCode }: ContainerPosition): boolean {
  if (state !== 'ended') return false;
  return restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && exitCode === 0);
}
