// Loses a node, and brings it back: on a mesh of processes its agent is killed, on one of containers its kubelet is held.
import { inject } from 'vitest';
import { pidOf } from './mesh-processes.ts';

export type NodeName = 'node-1' | 'node-2';

/** From here on nothing is heard of the node, while what ran on it may run on. */
export function loseNode(name: NodeName): void {
  const kubelet = kubeletOf(name);
  if (kubelet !== undefined) return void process.kill(kubelet, 'SIGSTOP');
  const agent = pidOf(name);
  // It would start the agent again at once.
  process.kill(pidOf('supervisor'), 'SIGSTOP');
  process.kill(agent, 'SIGKILL');
}

/** Ends what `loseNode` began; harmless where nothing was lost. */
export function bringBack(name: NodeName): void {
  process.kill(kubeletOf(name) ?? pidOf('supervisor'), 'SIGCONT');
}

/** The id of the node's kubelet; undefined on a mesh of processes, which has none. */
function kubeletOf(name: NodeName): number | undefined {
  return inject('mesh').nodes?.[name].kubelet;
}
