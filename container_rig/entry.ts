/** How commands are run in a rig: in its network and with its kubeconfig. */
import path from 'node:path';
import type { RigRecord } from './state.ts';

/** A command to start from outside. */
export interface Entry {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/** Builds the command that runs another one in the rig. It ends with whoever has started it. */
export function enterRig({ pid, kubeconfig, tools }: RigRecord, command: string, args: string[]): Entry {
  const namespaces = ['-t', String(pid), '-m', '-n', '-p', '-i', '-u'];
  const PATH = [process.env.PATH, tools].filter(Boolean).join(path.delimiter);
  return {
    command: 'nsenter',
    args: [...namespaces, '--', 'setpriv', '--pdeathsig', 'KILL', command, ...args],
    env: { ...process.env, PATH, KUBECONFIG: kubeconfig },
  };
}
