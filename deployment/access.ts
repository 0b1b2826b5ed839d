/** How the mesh is reached once it runs in a cluster. */
import type { V1Service } from '@kubernetes/client-node';
import { isInternal } from './apply/entrances.ts';
import type { NamedCluster } from './cluster/contexts.ts';

/** What to tell the user at the end of a deployment. */
export async function describeAccess({ kubectl, where }: Pick<NamedCluster, 'kubectl' | 'where'>): Promise<string> {
  const printed = await kubectl(['get', 'service', 'web-tier', '-n', 'web-tier', '--ignore-not-found', '-o', 'json']);
  const front = printed.trim() ? (JSON.parse(printed) as V1Service) : undefined;
  const balancer = front && addressOf(front);
  const forward = `To reach it from here, leave this running:\n  kubectl ${where.join(' ')} -n web-tier port-forward service/web-tier 8080:80`;
  const isOpen = balancer !== undefined && !isInternal(front!);
  const inside = balancer === undefined ? '' : `Inside its network it is reached at ${balancer}\n`;
  const url = isOpen ? balancer : 'http://127.0.0.1:8080';
  return `
The mesh runs in this cluster. ${isOpen ? `It is reached at ${url}` : `${inside}${forward}`}

  the page   ${url}/
  submit     curl -d '{"dataset":"mnist"}' ${url}/free
  watch      curl ${url}/free/jobs
  its log    curl ${url}/free/logs
  remove it  npm run cleanup -- ${where.join(' ')}
`;
}

/** The address of the front's load balancer, if it has got one: with TLS wherever it speaks that, so that no key goes in clear. */
function addressOf({ spec, status }: V1Service): string | undefined {
  const { hostname, ip } = status?.loadBalancer?.ingress?.[0] ?? {};
  const host = hostname ?? ip;
  const hasTls = spec?.ports?.some(({ port }) => port === 443);
  return host === undefined ? undefined : `${hasTls ? 'https' : 'http'}://${host}`;
}
