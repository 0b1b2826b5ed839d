// What the cluster's domain holds, after the specification of Kubernetes' DNS-based service discovery, for headless
// Services: github.com/kubernetes/dns/blob/master/docs/specification.md. Services with a cluster IP have no address
// here, because the process node has no kube-proxy, and that address would lead nowhere.
import type { V1EndpointSlice, V1Namespace, V1Service } from '@kubernetes/client-node';
import type { Answer, Question } from 'dns-packet';
import { publishedEndpoints } from './endpoint-addresses.ts';

/** The parts of the cluster that names are made of. */
export interface Directory {
  /** Whether all of it has been read once; until then, nothing can be said of any name. */
  hasSynced(): boolean;
  service(namespace: string, name: string): V1Service | undefined;
  namespace(name: string): V1Namespace | undefined;
  /** The slices of one Service. */
  endpointSlices(namespace: string, service: string): V1EndpointSlice[];
}

export interface ZoneOptions {
  /** The cluster's domain, e.g. `cluster.local`. */
  domain: string;
  directory: Directory;
  /** From a pod's address to the one that its processes listen on. */
  mapAddress: (address: string) => string;
}

/** A reply without its envelope. `code` is the name of a DNS response code. */
export interface Reply {
  code: 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED';
  answers: Answer[];
  authorities: Answer[];
}

/** Pods come and go within seconds, and asking costs next to nothing. */
const ttlSeconds = 1;

/** Makes the function that answers a question about the cluster's domain. */
export function createZone({ domain, directory, mapAddress }: ZoneOptions): (question: Question) => Reply {
  const origin = domain.toLowerCase();

  return ({ name, type, class: recordClass = 'IN' }) => {
    const asked = name.toLowerCase();
    if (recordClass !== 'IN' || !(asked === origin || asked.endsWith(`.${origin}`))) return reply('REFUSED');
    if (!directory.hasSynced()) return reply('SERVFAIL');
    const labels = asked === origin ? [] : asked.slice(0, -origin.length - 1).split('.');
    const addresses = lookUp(labels);
    if (addresses === undefined) return { ...reply('NXDOMAIN'), authorities: [startOfAuthority(origin)] };
    const answers = answersOf(name, type, addresses, labels.length === 0 ? origin : undefined);
    // "There is such a name, but nothing of this type" needs the SOA, so that it isn't kept for longer than a second.
    return { ...reply('NOERROR'), answers, authorities: answers.length === 0 ? [startOfAuthority(origin)] : [] };
  };

  /** The addresses of a name, given its labels before the domain; undefined if there is no such name. */
  function lookUp(labels: string[]): string[] | undefined {
    const [kind, namespace, service, hostname, ...rest] = labels.toReversed();
    if (kind === undefined) return [];
    if (kind !== 'svc' || rest.length > 0) return undefined;
    if (namespace === undefined) return [];
    if (service === undefined) return directory.namespace(namespace) ? [] : undefined;
    const found = directory.service(namespace, service);
    if (!found) return undefined;
    if (found.spec?.clusterIP !== 'None') return hostname === undefined ? [] : undefined;
    const addresses = publishedEndpoints(found, directory.endpointSlices(namespace, service))
      .filter((endpoint) => hostname === undefined || endpoint.hostname?.toLowerCase() === hostname)
      .flatMap((endpoint) => endpoint.addresses.map(mapAddress));
    if (hostname !== undefined && addresses.length === 0) return undefined;
    return [...new Set(addresses)].sort();
  }
}

function answersOf(name: string, type: string, addresses: string[], origin: string | undefined): Answer[] {
  if (type === 'SOA' && origin !== undefined) return [startOfAuthority(origin)];
  if (type !== 'A' && type !== 'ANY') return [];
  return addresses.map((data) => ({ type: 'A', name, ttl: ttlSeconds, data }));
}

function startOfAuthority(origin: string): Answer {
  return {
    type: 'SOA',
    name: origin,
    ttl: ttlSeconds,
    data: {
      mname: `ns.dns.${origin}`,
      rname: `hostmaster.${origin}`,
      serial: 1,
      refresh: 3600,
      retry: 600,
      expire: 86400,
      minimum: ttlSeconds,
    },
  };
}

function reply(code: Reply['code']): Reply {
  return { code, answers: [], authorities: [] };
}
