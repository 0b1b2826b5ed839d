/**
 * What of a rendering the internet can reach, and what is missing there. A public front needs four things: TLS everywhere
 * (or a redirect to it), keys at every service that asks for them, limits, and a client's address that they can go by.
 */
import type { KubernetesObject, V1Container, V1Deployment, V1Ingress, V1Service } from '@kubernetes/client-node';
import { containersOf, nameOf, ofKind } from './render.ts';

const servicePrefix = 'service.beta.kubernetes.io/aws-load-balancer-';
const ingressPrefix = 'alb.ingress.kubernetes.io/';
const nlbClass = 'service.k8s.aws/nlb';
const withKeys = ['free-tier', 'premium-tier', 'grader-interface', 'ml-backend'];

// biome-ignore lint/suspicious/noExplicitAny: kinds of others, without types here.
type Custom = KubernetesObject & { spec: any };

/** The front as a rendering has it. */
interface Front {
  edition: string;
  environment: Record<string, string | undefined>;
}

/** The names of the objects that make something public. Anything that is not explicitly internal counts. */
export function publicEntrances(objects: KubernetesObject[]): string[] {
  const services = ofKind<V1Service>(objects, 'Service').filter(isPublicService);
  const ingresses = ofKind<V1Ingress>(objects, 'Ingress').filter(
    ({ metadata }) => metadata?.annotations?.[`${ingressPrefix}scheme`] !== 'internal',
  );
  return [...services, ...ingresses, ...ofKind(objects, 'Gateway')].map(nameOf).sort();
}

function isPublicService({ metadata, spec }: V1Service): boolean {
  if (spec?.type === 'NodePort' || spec?.externalIPs?.length) return true;
  if (spec?.type !== 'LoadBalancer') return false;
  // Of any other class, it is for others to decide what they make of it.
  return spec.loadBalancerClass !== nlbClass || metadata?.annotations?.[`${servicePrefix}scheme`] !== 'internal';
}

/** What is missing where something is public, in words; nothing if nothing is public. */
export function missingWherePublic(objects: KubernetesObject[]): string[] {
  const entrances = publicEntrances(objects);
  if (entrances.length === 0) return [];
  const front = frontOf(objects);
  const missing = objects.filter((object) => entrances.includes(nameOf(object))).flatMap(missingAt(front, objects));
  for (const name of withKeys) {
    if (!environmentOf(objects, name).API_KEYS_FILE) missing.push(`${name}: no keys`);
  }
  for (const cost of ['RATE_LIMIT_REQUEST_COST', 'RATE_LIMIT_POST_COST']) {
    if (!(Number(front.environment[cost]) > 1)) missing.push(`web-tier: no limit (${cost})`);
  }
  return missing;
}

function missingAt(front: Front, objects: KubernetesObject[]) {
  return (object: KubernetesObject): string[] => {
    const missing =
      object.kind === 'Service'
        ? missingAtService(object as V1Service, front)
        : object.kind === 'Ingress'
          ? missingAtIngress(object as V1Ingress, front)
          : missingAtGateway(object as Custom, objects, front);
    return missing.map((what) => `${nameOf(object)}: ${what}`);
  };
}

/** A Network Load Balancer hands connections on: TLS is its own or the front's, and the address is the connection's. */
function missingAtService({ metadata, spec }: V1Service, { edition }: Front): string[] {
  const annotation = (name: string) => metadata?.annotations?.[`${servicePrefix}${name}`] ?? '';
  const missing: string[] = [];
  if (spec?.loadBalancerClass !== nlbClass) missing.push('nobody knows who makes the load balancer');
  const balancerHasTls =
    /^arn:aws:acm:/.test(annotation('ssl-cert')) && annotation('ssl-negotiation-policy').includes('TLS13-1-2');
  for (const { port, targetPort } of spec?.ports ?? []) {
    const redirects = targetPort === 'redirect' && ['nlb', 'tls'].includes(edition);
    const encrypted = balancerHasTls && annotation('ssl-ports').split(',').includes(String(port));
    if (!redirects && !encrypted && edition !== 'tls') missing.push(`no TLS at port ${port}`);
  }
  if (edition === 'proxy') missing.push('clients may say any address');
  missing.push(...missingAtBalancer(spec));
  if (!annotation('target-group-attributes').includes('preserve_client_ip.enabled=true')) {
    missing.push("no client's address");
  }
  return missing;
}

/** What lets somebody reach the pods behind a Network Load Balancer who should not. */
function missingAtBalancer(spec: V1Service['spec']): string[] {
  const missing: string[] = [];
  if (spec?.allocateLoadBalancerNodePorts !== false) missing.push('ports of the nodes are open');
  if (!spec?.loadBalancerSourceRanges?.length) missing.push('nobody has said who may come');
  return missing;
}

/** An Application Load Balancer ends the connection: the address is the last one in X-Forwarded-For. */
function missingAtIngress({ metadata }: V1Ingress, { edition }: Front): string[] {
  const annotation = (name: string) => metadata?.annotations?.[`${ingressPrefix}${name}`] ?? '';
  const missing: string[] = [];
  const listensWithTls = annotation('listen-ports').includes('"HTTPS": 443') && annotation('ssl-redirect') === '443';
  if (!listensWithTls || !annotation('ssl-policy').includes('TLS13-1-2')) missing.push('no TLS');
  const attributes = annotation('load-balancer-attributes');
  const appends = attributes.includes('routing.http.xff_header_processing.mode=append');
  if (edition !== 'proxy' || !appends) missing.push("no client's address");
  if (!attributes.includes('drop_invalid_header_fields.enabled=true')) missing.push('invalid headers are let in');
  if (!annotation('inbound-cidrs')) missing.push('nobody has said who may come');
  return missing;
}

function missingAtGateway({ spec, metadata }: Custom, objects: KubernetesObject[], { edition }: Front): string[] {
  const routes = ofKind<Custom>(objects, 'HTTPRoute');
  const missing: string[] = [];
  for (const { name, protocol, tls } of spec.listeners) {
    if (protocol === 'HTTPS' && tls.certificateRefs.length > 0) continue;
    const atListener = routes.filter(({ spec }) =>
      spec.parentRefs.some(
        (parent: { name: string; sectionName?: string }) =>
          parent.name === metadata?.name && (parent.sectionName ?? name) === name,
      ),
    );
    const redirects = atListener.every(({ spec }) =>
      spec.rules.every(
        ({ filters = [], backendRefs }: { filters?: { type: string }[]; backendRefs?: unknown }) =>
          backendRefs === undefined && filters.some(({ type }) => type === 'RequestRedirect'),
      ),
    );
    if (!redirects) missing.push(`no TLS at ${name}`);
  }
  if (edition !== 'proxy') missing.push("no client's address");
  const proxy = ofKind<Custom>(objects, 'EnvoyProxy').find(
    (one) => one.metadata?.name === spec.infrastructure?.parametersRef?.name,
  );
  return [...missing, ...missingAtBalancer(proxy?.spec.provider.kubernetes.envoyService)];
}

function frontOf(objects: KubernetesObject[]): Front {
  const [, edition = ''] = /web_tier_envoy\.(\w+)\.yaml/.exec(containerOf(objects, 'web-tier').args!.join(' ')) ?? [];
  return { edition, environment: environmentOf(objects, 'web-tier') };
}

function environmentOf(objects: KubernetesObject[], deployment: string): Record<string, string | undefined> {
  return Object.fromEntries((containerOf(objects, deployment).env ?? []).map(({ name, value }) => [name, value]));
}

/** A Deployment's own container, which is its first one that is no sidecar. */
function containerOf(objects: KubernetesObject[], deployment: string): V1Container {
  const found = ofKind<V1Deployment>(objects, 'Deployment').find(({ metadata }) => metadata?.name === deployment)!;
  return containersOf(found).find(({ restartPolicy }) => restartPolicy !== 'Always')!;
}
