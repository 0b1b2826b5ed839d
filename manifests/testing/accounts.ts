/** The accounts of the manifests, for tests that ask the API server with their tokens. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterConnection, connectToCluster } from '@ml-job-mesh/cluster-client';
import { parse, stringify } from 'yaml';
import { cluster, kubeconfig } from '../../local_cluster/node/testing/cluster-under-test.ts';

/** Kubeconfigs and connections with accounts' own tokens, until `end` is called. */
export function useAccounts() {
  const folder = mkdtemp(join(tmpdir(), 'accounts-'));
  const connections: ClusterConnection[] = [];

  /** Writes a kubeconfig with an account's token; gives its path. */
  async function writeKubeconfig(namespace: string, name: string): Promise<string> {
    const { status } = await cluster.create<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      { spec: { expirationSeconds: 3_600 } },
    );
    const config = parse(await readFile(kubeconfig, 'utf8'));
    for (const entry of config.users) entry.user = { token: status.token };
    const file = join(await folder, `${namespace}-${name}`);
    await writeFile(file, stringify(config), { mode: 0o600 });
    return file;
  }

  return {
    writeKubeconfig,
    async connectAs(namespace: string, name: string): Promise<ClusterConnection> {
      const connection = connectToCluster({ kubeconfig: await writeKubeconfig(namespace, name) });
      connections.push(connection);
      return connection;
    },
    async end(): Promise<void> {
      for (const connection of connections) await connection.close();
      await rm(await folder, { recursive: true });
    },
  };
}
