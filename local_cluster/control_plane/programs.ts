/** Which program is which component: one program that has all of them, or a folder with one for each, as releases have. */
import { statSync } from 'node:fs';
import path from 'node:path';

/** The components and the client, by their usual names. */
export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

/**
 * Gives the command that runs a component, and the arguments that come before its own.
 * @param programs the program that was built of all of them, or a folder with one for each
 */
export function commandOf(programs: string, component: Component): { command: string; first: string[] } {
  if (statSync(programs).isDirectory()) return { command: path.join(programs, component), first: [] };
  return { command: programs, first: [component] };
}
