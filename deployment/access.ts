/** How the mesh is reached once it runs in a cluster. */
import type { V1Service } from '@kubernetes/client-node';
import type { NamedCluster } from './cluster/contexts.ts';

/** What to tell the user at the end of a deployment. */
export async function describeAccess({ kubectl, where }: Pick<NamedCluster, 'kubectl' | 'where'>): Promise<string> {
  const front = ['get', 'service', 'web-tier', '-n', 'web-tier', '--ignore-not-found', '-o', 'json'];
  const balancer = addressOf(await kubectl(front));
  const forward = `kubectl ${where.join(' ')} -n web-tier port-forward service/web-tier 8080:80`;
  const url = balancer ?? 'http://127.0.0.1:8080';
  return `
The mesh runs in this cluster. ${balancer ? `It is reached at ${url}` : `To reach it from here, leave this running:\n  ${forward}`}

  the page   ${url}/
  submit     curl -d '{"dataset":"mnist"}' ${url}/free
  watch      curl ${url}/free/jobs
  its log    curl ${url}/free/logs
  remove it  npm run cleanup -- ${where.join(' ')}
`;
}

/** The address of the front's load balancer, if it has got one: with TLS wherever it speaks that, so that no key goes in clear. */
function addressOf(printed: string): string | undefined {
  if (!printed.trim()) return undefined;
  const { spec, status } = JSON.parse(printed) as V1Service;
  const { hostname, ip } = status?.loadBalancer?.ingress?.[0] ?? {};
  const host = hostname ?? ip;
  const hasTls = spec?.ports?.some(({ port }) => port === 443);
  return host === undefined ? undefined : `${hasTls ? 'https' : 'http'}://${host}`;
}
