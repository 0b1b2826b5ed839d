import { inject } from 'vitest';
import { runKubectl } from '../../local_cluster/control_plane/kubectl.ts';
import { kubeconfig } from '../../local_cluster/node/testing/cluster-under-test.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The control plane's programs, kubectl among them. */
    controlPlane: string;
  }
}

/** Runs kubectl as administrator of the cluster under test; gives what it printed, throws with its message if it fails. */
export function kubectl(args: string[], input?: string): Promise<string> {
  return runKubectl(inject('controlPlane'), [`--kubeconfig=${kubeconfig}`, ...args], input);
}

const manifests = new URL('../', import.meta.url);

/** The path of a file or folder, given relative to `manifests/`. */
export function pathOf(relative: string): string {
  return new URL(relative, manifests).pathname;
}

/** Applies what accounts, quotas and Pod Security need of the base, and nothing that runs. */
export async function applyGroundwork(): Promise<void> {
  const parts = [
    'base/namespaces.yaml',
    'base/priority-classes.yaml',
    'base/rbac',
    '../free_service/free-tier-access.yaml',
    '../premium_service/premium-tier-access.yaml',
    '../free_service/free-tier-quota.yaml',
    '../free_service/free-tier-limits.yaml',
    '../premium_service/premium-tier-quota.yaml',
    '../premium_service/premium-tier-limits.yaml',
    '../web_tier/web-tier-quota.yaml',
    'ml-pipeline/namespace.yaml',
    'ml-pipeline/rbac.yaml',
    '../local_cluster/cluster_dns/cluster-dns-rbac.yaml',
  ];
  const files = parts.flatMap((part) => ['-f', pathOf(part)]);
  await kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=ml-job-mesh', ...files]);
}
