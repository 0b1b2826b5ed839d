// The accounts that services have in a cluster: a token, and no more rights than a tier's.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import type { BenchCluster } from './bench-cluster.ts';
import { projectFolder } from './services.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';

/**
 * Makes an account that may do in a namespace what a tier may do in its own.
 * @returns a kubeconfig with its token
 */
export async function createTierAccount({ api, folder, kubeconfig }: BenchCluster, namespace: string): Promise<string> {
  const role = tierRole();
  const name = role.metadata.name;
  // Every cluster role has one name and is the same for all.
  await api.patch(`${rbac}/clusterroles/${name}`, role, { type: 'apply', fieldManager: 'bench' });
  await api.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  await api.create(`${rbac}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const { status } = await api.create<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { spec: { expirationSeconds: 7_200 } },
  );
  const config = parse(readFileSync(kubeconfig, 'utf8'));
  for (const { user } of config.users) {
    for (const field of Object.keys(user)) delete user[field];
    user.token = status.token;
  }
  const file = join(folder, `${namespace}.kubeconfig`);
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

function tierRole() {
  const file = join(projectFolder, 'manifests/base/rbac/tier-services.yaml');
  const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
  return documents.find(({ kind }) => kind === 'ClusterRole');
}
