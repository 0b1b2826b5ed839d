// Settings of the Envoy files that no row changes, and why. By kind: without indexes, and without the steps that all share.

/** What a setting is, or why no quick test misses it. */
export const exceptions: [kind: RegExp, why: string][] = [
  [
    /(^|\.)(name|@type|stat_prefix|cluster_name|codec_type|clusters\.type|path|state|level|description)$/,
    'names a thing, or says what it is',
  ],
  [
    /socket_address\.|\.domains$|^admin\.address\.pipe\.path$/,
    'where it listens and where services are: other tests run with it, or nothing would work',
  ],
  [/access_log\./, 'what is written down; the request ids in it are compared in routes.test.ts'],
  [
    /routes\.(match|route\.cluster|direct_response)/,
    'which request goes where: each is compared in routes.test.ts and edge.test.ts',
  ],
  [
    /health_check\.headers|http_filters\.headers|rate_limits\.actions|descriptors\.entries/,
    'which requests a filter is for: it would not be there without',
  ],
  [/tcp_keepalive/, 'a service whose machine is gone without a word is noticed by the health check first'],
  [
    /delayed_close_timeout|drain_timeout/,
    "as long as Envoy's own; written out because the Deployments' drain is made for it",
  ],
  [
    /internal_address_config|most_specific_header_mutations_wins|skip_xff_append/,
    'as Envoy does by itself in this version; written out against another default',
  ],
  [
    /health_checks|dns_|ignore_health_on_host_removal|lb_policy/,
    'how soon a replica that goes or comes is noticed: container_rig/checks/replicas.test.ts, on real pods',
  ],
  [
    /connect_timeout|HttpProtocolOptions/,
    'for a service that neither answers nor refuses, and for one that has closed a connection just now: by chance',
  ],
  [
    /overload_manager\.(refresh_interval|actions|resource_monitors\.max_heap_size_bytes)/,
    'what Envoy does when 384 MiB are used up: a test would have to use them',
  ],
];
