/** How commands are run in a rig: in its network and with its kubeconfig. */
import path from 'node:path';
import { projectFolder } from '../local_cluster/install/cache.ts';
import type { RigRecord } from './state.ts';

/** A command to start from outside. */
export interface Entry {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/**
 * Builds the command that runs another one in the rig. It ends with whoever has started it.
 * @param folder where it runs; the project's if left out
 */
export function enterRig(
  { pid, kubeconfig, tools }: RigRecord,
  command: string,
  args: string[],
  folder = projectFolder,
): Entry {
  const namespaces = ['-t', String(pid), '-m', '-n', '-p', '-i', '-u'];
  const PATH = [process.env.PATH, tools].filter(Boolean).join(path.delimiter);
  return {
    command: 'nsenter',
    // Whoever enters other mounts is at their root first.
    args: [...namespaces, '--', 'env', `--chdir=${folder}`, 'setpriv', '--pdeathsig', 'KILL', command, ...args],
    env: { ...process.env, PATH, KUBECONFIG: kubeconfig },
  };
}
