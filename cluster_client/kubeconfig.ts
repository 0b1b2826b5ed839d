import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import type { ClusterAccess } from './cluster-access.ts';
import { readPlainKubeconfig } from './plain-kubeconfig.ts';

/** The context that the library makes up where it finds nothing. */
const madeUpContext = 'loaded-context';

/**
 * Loads a kubeconfig file; without one `KUBECONFIG`, the home folder's, or the pod's own account, in this order.
 * @param context one of the file; its current one if left out
 * @throws Error when there is no cluster in it, no such context, or a server that could never be connected to
 */
export function loadAccess(file: string | undefined, context: string | undefined): ClusterAccess {
  const plain = readPlainKubeconfig(file, context);
  if (plain) return plain;
  const config = loadWithLibrary(file, context);
  return {
    server: config.getCurrentCluster()!.server,
    connectOptions: (tls) => config.createDispatcherOptions(config.getCurrentCluster(), tls),
    async read() {
      const options: Record<string, unknown> & { headers?: Record<string, string> } = {};
      await config.applyToHTTPSOptions(options as never);
      const names = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'];
      const given = names.filter((name) => options[name] !== undefined);
      return { tls: Object.fromEntries(given.map((name) => [name, options[name]])), headers: { ...options.headers } };
    },
  };
}

/** Reads what logs in by a program, several files, a pod's own account: all that the library knows. */
function loadWithLibrary(file: string | undefined, context: string | undefined): KubeConfig {
  const require = createRequire(import.meta.url);
  const library = require('@kubernetes/client-node') as typeof import('@kubernetes/client-node');
  const config = new library.KubeConfig();
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
