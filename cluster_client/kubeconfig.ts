import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** The context that the library makes up where it finds nothing. */
const madeUpContext = 'loaded-context';

/**
 * Loads a kubeconfig file; without one `KUBECONFIG`, the home folder's, or the pod's own account, in this order.
 * @param context one of the file; its current one if left out
 * @throws Error when there is no cluster in it, no such context, or a server that could never be connected to
 */
export function loadKubeConfig(file: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (file) config.loadFromFile(file);
  else config.loadFromDefault();
  honourTokenFiles(config, file ?? process.env.KUBECONFIG);
  if (context) {
    if (!config.getContextObject(context)) {
      const known = config.getContexts().map(({ name }) => name);
      throw new Error(`no context "${context}" in the kubeconfig; it has ${known.join(', ') || 'none'}`);
    }
    config.setCurrentContext(context);
  }
  if (!file && config.getCurrentContext() === madeUpContext) {
    throw new Error('no cluster: KUBECONFIG names no file, there is no ~/.kube/config, and this is not a pod');
  }
  if (!config.getCurrentCluster()) throw new Error('no cluster: the kubeconfig names no current context');
  // Refuses what could never connect, such as plain HTTP, now instead of at every request.
  config.createDispatcherOptions(config.getCurrentCluster(), {});
  return config;
}

/** A user's `tokenFile`, which the library passes over, becomes one that is read again as the token is renewed. */
function honourTokenFiles(config: KubeConfig, files: string | undefined): void {
  const users = (files ?? '')
    .split(delimiter)
    .filter((file) => existsSync(file))
    .flatMap(usersOf);
  for (const { name, user } of users) {
    const known = config.users.findIndex((candidate) => candidate.name === name);
    if (!user?.tokenFile || known < 0) continue;
    config.users[known] = {
      ...config.users[known]!,
      authProvider: { name: 'tokenFile', config: { tokenFile: user.tokenFile } },
    };
  }
}

function usersOf(file: string): { name: string; user?: { tokenFile?: string } }[] {
  return parse(readFileSync(file, 'utf8'))?.users ?? [];
}
