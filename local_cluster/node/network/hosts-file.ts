// What a pod sees as /etc/hosts: kubelet's lines, and the cluster's names, since a resolver of the system cannot be told
// of a DNS server on an unprivileged port.
import type { V1Pod } from '@kubernetes/client-node';
import type { AddressPair } from './addresses.ts';

/** A name of the cluster, and where it leads. */
export interface ClusterName {
  namespace: string;
  /** `SERVICE`, or `HOSTNAME.SERVICE` for a pod that has a hostname of its own. */
  name: string;
  addresses: string[];
}

export interface HostsOptions {
  pod: V1Pod;
  address: AddressPair;
  names: ClusterName[];
  /** The cluster's domain, e.g. `cluster.local`. */
  domain: string;
  /** The machine's own file, for a pod on the host network. */
  machineHosts: string;
}

/** The text of a pod's hosts file: its own name, its host aliases, and every name of the cluster in its short forms. */
export function describeHosts({ pod, address, names, domain, machineHosts }: HostsOptions): string {
  const { hostNetwork, hostAliases = [], hostname, subdomain } = pod.spec!;
  const own = hostname ?? pod.metadata!.name!;
  const qualified = subdomain ? `${own}.${subdomain}.${pod.metadata!.namespace}.svc.${domain}\t` : '';
  const lines = hostNetwork
    ? [machineHosts.trimEnd()]
    : ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', `${address.local}\t${qualified}${own}`];
  for (const { ip, hostnames = [] } of hostAliases) lines.push(`${ip}\t${hostnames.join('\t')}`);
  for (const { namespace, name, addresses } of names) {
    const forms = [`${name}.${namespace}.svc.${domain}`, `${name}.${namespace}.svc`, `${name}.${namespace}`];
    if (namespace === pod.metadata!.namespace) forms.push(name);
    for (const to of addresses) lines.push(`${to}\t${forms.join('\t')}`);
  }
  return `# Kept by the node; the cluster's names follow its Services.\n${lines.join('\n')}\n`;
}
