// Who may read a node's metrics: whoever has a token that Kubernetes knows, and the right to `get` the node's metrics. Both are
// asked of the API server, as kubelet asks them (--authentication-token-webhook, --authorization-mode=Webhook).
import { createHash } from 'node:crypto';
import type { V1SubjectAccessReview, V1TokenReview } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';

/** An answer holds for so long; it was asked for again otherwise by each scrape. */
const answerMs = 60_000;
const maxAnswers = 100;

/**
 * Makes the function that tells whether a token's owner may read the metrics of a node.
 * @throws KubernetesError (the function) when the API server cannot be asked
 */
export function createMetricsAccess(cluster: Pick<ClusterConnection, 'create'>, nodeName: string) {
  const answers = new Map<string, { isAllowed: boolean; until: number }>();

  async function review(token: string): Promise<boolean> {
    const { status } = await cluster.create<V1TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    if (!status?.authenticated) return false;
    const { username, uid, groups, extra } = status.user ?? {};
    const access = await cluster.create<V1SubjectAccessReview>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        ...{ user: username, uid, groups, extra },
        resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', subresource: 'metrics', name: nodeName },
      },
    });
    return access.status?.allowed === true;
  }

  return async function mayRead(token: string): Promise<boolean> {
    const key = createHash('sha256').update(token).digest('hex');
    const known = answers.get(key);
    if (known && known.until > performance.now()) return known.isAllowed;
    const isAllowed = await review(token);
    if (answers.size >= maxAnswers) answers.clear();
    answers.set(key, { isAllowed, until: performance.now() + answerMs });
    return isAllowed;
  };
}
