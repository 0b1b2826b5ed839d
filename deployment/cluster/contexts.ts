/** Which cluster is meant. It is never guessed: the current context may be anybody's. */
import path from 'node:path';
import { findKubectl, runKubectl } from '../../local_cluster/control_plane/kubectl.ts';
import { installedControlPlane } from '../../local_cluster/install/install.ts';
import type { Kubectl } from './kubectl.ts';

/** A cluster that was named. */
export interface NamedCluster {
  context: string;
  /** The address of its API server. */
  server: string;
  kubectl: Kubectl;
  /** What tells a kubectl of the user's that this cluster is meant. */
  where: string[];
}

/** How it is named. */
export interface ClusterName {
  context?: string | undefined;
  kubeconfig?: string | undefined;
}

/** What matters of `kubectl config view -o json`. */
export interface Kubeconfig {
  contexts?: { name: string; context: { cluster: string } }[] | null;
  clusters?: { name: string; cluster: { server?: string } }[] | null;
}

/**
 * Finds the cluster of a context, without asking it anything.
 * @throws Error that lists the contexts, if none was named or the kubeconfig has no such context
 */
export async function findCluster({ context, kubeconfig }: ClusterName): Promise<NamedCluster> {
  const programs = findKubectl(installedControlPlane());
  const file = kubeconfig ? [`--kubeconfig=${path.resolve(process.env.INIT_CWD ?? '', kubeconfig)}`] : [];
  const config = JSON.parse(await runKubectl(programs, ['config', 'view', '-o', 'json', ...file])) as Kubeconfig;
  const chosen = chooseContext(config, context);
  const where = [`--context=${chosen.context}`, ...file];
  return { ...chosen, where, kubectl: (args, input) => runKubectl(programs, [...where, ...args], input) };
}

/**
 * The context of this name, and the address of its cluster.
 * @throws Error that lists the contexts, if none was named or there is no such context
 */
export function chooseContext(config: Kubeconfig, name: string | undefined): { context: string; server: string } {
  const known = (config.contexts ?? []).map(({ name, context }) => ({
    context: name,
    server: config.clusters?.find(({ name }) => name === context.cluster)?.cluster.server ?? 'no address',
  }));
  const chosen = known.find(({ context }) => context === name);
  if (chosen) return chosen;
  const width = Math.max(...known.map(({ context }) => context.length));
  const list = known.map(({ context, server }) => `\n  ${context.padEnd(width)}  ${server}`).join('');
  const wanted =
    name === undefined
      ? 'say which cluster: --context NAME. The current context is not taken, since it may be any cluster'
      : `there is no context ${JSON.stringify(name)}`;
  throw new Error(`${wanted}. ${list ? `The kubeconfig has:${list}` : 'The kubeconfig has no contexts'}`);
}
