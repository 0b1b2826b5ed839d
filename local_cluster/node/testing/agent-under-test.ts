// The agent of one of the tested cluster's nodes, as a process of this machine that somebody supervises.
import { readdirSync, readFileSync } from 'node:fs';
import type { V1Node } from '@kubernetes/client-node';
import { cluster, until } from './cluster-under-test.ts';

/** The process of a node's agent, as soon as there is one. */
export async function findAgent(nodeName: string): Promise<number> {
  const { status } = await cluster.get<V1Node>(`/api/v1/nodes/${nodeName}`);
  const address = status?.addresses?.find(({ type }) => type === 'ExternalIP')?.address ?? '';
  return until(() => lookForAgent(nodeName, address.split('.')[1]!), `the agent of ${nodeName}`);
}

/** Sends the agent a signal and settles when the process is gone. */
export async function endAgent(nodeName: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const pid = await findAgent(nodeName);
  process.kill(pid, signal);
  await until(() => readArguments(pid).length === 0, 'the end of the agent');
}

/** The folder in which an agent keeps its state. */
export function stateOf(agent: number): string {
  const words = readArguments(agent);
  return words[words.indexOf('--state') + 1]!;
}

/** Clusters side by side have an octet each, which tells their agents apart. */
function lookForAgent(nodeName: string, octet: string): number | undefined {
  const wanted = [
    ['--name', nodeName],
    ['--octet', octet],
  ];
  const pids = readdirSync('/proc').map(Number).filter(Boolean);
  return pids.find((pid) => {
    const words = readArguments(pid);
    const isAgent = words.some((word) => word.endsWith('node/agent.ts'));
    return isAgent && wanted.every(([flag, value]) => words[words.indexOf(flag!) + 1] === value);
  });
}

/** None when there is no such process. */
function readArguments(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
