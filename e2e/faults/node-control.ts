// Loses a node, and brings it back: on a mesh of processes its agent is killed, on one of containers its kubelet is held.
import { readdirSync, readFileSync } from 'node:fs';
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

/** Has the processes of a pod stand still, so that it does not end. They are killed with the pod. */
export function holdPod(name: string): void {
  const held = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && hasHostname(pid, name));
  if (held.length === 0) throw new Error(`no process of the pod ${name} is found`);
  for (const pid of held) process.kill(Number(pid), 'SIGSTOP');
}

/** Every container is told the name of its pod. */
function hasHostname(pid: string, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOSTNAME=${name}`);
  } catch {
    return false; // It has ended, or is another user's.
  }
}

/** The id of the node's kubelet; undefined on a mesh of processes, which has none. */
function kubeletOf(name: NodeName): number | undefined {
  return inject('mesh').nodes?.[name].kubelet;
}
