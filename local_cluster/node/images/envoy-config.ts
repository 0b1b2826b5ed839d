// One Envoy file serves in containers and here. In a container an Envoy listens on every address of its pod and finds
// the cluster's DNS by itself; a process has to be told both.

/** Where the pod is, and who answers for names. */
export interface EnvoySurroundings {
  podAddress: string;
  /** `address:port` each. */
  dnsServers: string[];
}

const anyAddress = new Set(['0.0.0.0', '127.0.0.1']);

/**
 * A bootstrap configuration fitted to a pod that is a process: addresses that mean "here" become the pod's, and names
 * are asked of the cluster's DNS, unless the configuration has a resolver of its own.
 */
export function fitBootstrap(bootstrap: Record<string, unknown>, around: EnvoySurroundings): Record<string, unknown> {
  const fitted = fitAddresses(bootstrap, around.podAddress) as Record<string, unknown>;
  if (around.dnsServers.length === 0) return fitted;
  return { typed_dns_resolver_config: describeResolver(around.dnsServers), ...fitted };
}

function fitAddresses(value: unknown, podAddress: string): unknown {
  if (Array.isArray(value)) return value.map((item) => fitAddresses(item, podAddress));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isHere = key === 'address' && anyAddress.has(inner as string);
      return [key, isHere ? podAddress : fitAddresses(inner, podAddress)];
    }),
  );
}

function describeResolver(dnsServers: string[]) {
  return {
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
      resolvers: dnsServers.map((server) => {
        const [address, port] = server.split(':');
        return { socket_address: { address, port_value: Number(port) } };
      }),
      dns_resolver_options: { no_default_search_domain: true },
    },
  };
}

/** Envoy's arguments with its configuration file replaced, and with what an Envoy among others on a machine needs. */
export function fitArguments(given: string[], fitFile: (file: string) => string): string[] {
  const fitted: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const argument = given[i]!;
    const [, flag, file] = /^(-c|--config-path)(?:=(.*))?$/.exec(argument) ?? [];
    if (!flag) fitted.push(argument);
    else if (file !== undefined) fitted.push(flag, fitFile(file));
    else if (given[i + 1] !== undefined) fitted.push(flag, fitFile(given[++i]!));
    else fitted.push(argument);
  }
  const has = (name: string) => fitted.some((argument) => argument === name || argument.startsWith(`${name}=`));
  if (!has('--concurrency')) fitted.push('--concurrency', '1');
  // Envoys with the same base id share memory across pods.
  if (!has('--base-id') && !has('--use-dynamic-base-id') && !has('--disable-hot-restart'))
    fitted.push('--disable-hot-restart');
  return fitted;
}
