// What the nodes may read beyond what Kubernetes grants every node: the endpoints of Services, for the names in their
// pods' hosts files. A node of containers has its kube-proxy and its DNS for that, with accounts of their own.
import { connectToCluster } from '@ml-job-mesh/cluster-client';

const name = 'ml-job-mesh-node-names';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const apiVersion = 'rbac.authorization.k8s.io/v1';
// Not the mesh's label: `npm run cleanup` leaves it, since it belongs to the cluster.
const metadata = { name, labels: { 'app.kubernetes.io/part-of': 'embedded-cluster' } };
const role = {
  apiVersion,
  kind: 'ClusterRole',
  metadata,
  rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }],
};
const binding = {
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata,
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
};

/**
 * Lets the nodes see the endpoints of Services.
 * @param kubeconfig an administrator's
 * @throws KubernetesError when the API server did not take it
 */
export async function grantNodeAccess(kubeconfig: string): Promise<void> {
  const cluster = connectToCluster({ kubeconfig });
  const apply = { type: 'apply', fieldManager: 'embedded-cluster', force: true } as const;
  try {
    await Promise.all([
      cluster.patch(`${rbac}/clusterroles/${name}`, role, apply),
      cluster.patch(`${rbac}/clusterrolebindings/${name}`, binding, apply),
    ]);
  } finally {
    await cluster.close();
  }
}
