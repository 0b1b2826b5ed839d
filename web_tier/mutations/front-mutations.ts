// What the front proxy's file says to protect itself and what is behind it, and the test that fails without it.
import type { Row } from './row.ts';
import { cluster, filter, listener, localReply, manager, probesManager, route, virtualHost } from './setting-paths.ts';

const edge = 'web_tier/edge.test.ts';
const headers = 'web_tier/headers.test.ts';
const limits = 'web_tier/limits.test.ts';
const protection = 'web_tier/protection.test.ts';
const routes = 'web_tier/routes.test.ts';
const streams = 'web_tier/streams.test.ts';

const buffers = [listener('per_connection_buffer_limit_bytes'), cluster('*', 'per_connection_buffer_limit_bytes')];
const http = (name: string) => manager('common_http_protocol_options', name);
const http1 = (name: string) => manager('http_protocol_options', name);
const http2 = (name: string) => manager('http2_protocol_options', name);

/** What a connection and a request may be, and may cost. */
const requests: Row[] = [
  { paths: buffers, in: limits, test: 'keeps no uploads' },
  { paths: [listener('socket_options', { having: 'SO_KEEPALIVE' })], in: protection, test: 'silent clients' },
  { paths: [listener('socket_options', { having: 'TCP_KEEPIDLE' })], in: protection, test: 'silent clients' },
  { paths: [manager('use_remote_address')], in: routes, test: 'believes nobody' },
  { paths: [manager('always_set_request_id_in_response')], in: routes, test: 'gives each request an id' },
  { paths: [manager('normalize_path')], in: edge, test: 'reaches /free/../premium normalised' },
  { paths: [manager('merge_slashes')], in: edge, test: 'reaches //free normalised' },
  { paths: [manager('path_with_escaped_slashes_action')], in: edge, test: 'is refused: /free%2fjobs' },
  { paths: [manager('max_request_headers_kb')], in: edge, test: 'Headers that are too long' },
  { paths: [http('max_headers_count')], in: edge, test: 'Headers that are too many' },
  { paths: [http('headers_with_underscores_action')], in: edge, test: 'an underscore for a hyphen' },
  { paths: [http('idle_timeout')], in: limits, test: 'gives up on slow headers' },
  { paths: [manager('request_headers_timeout')], in: protection, test: 'less time than a body' },
  { paths: [manager('request_timeout')], in: limits, test: 'gives up on slow headers' },
  { paths: [manager('stream_idle_timeout')], in: limits, test: 'gives up on a client that does not read' },
  { paths: [http1('accept_http_10')], in: edge, test: 'An old health check' },
  { paths: [http1('default_host_for_http_10')], in: edge, test: 'An old health check' },
  { paths: [http2('max_concurrent_streams')], in: protection, test: 'a client of HTTP/2' },
  { paths: [http2('initial_stream_window_size')], in: protection, test: 'a client of HTTP/2' },
  { paths: [http2('initial_connection_window_size')], in: protection, test: 'a client of HTTP/2' },
];

/** What Envoy answers in the place of a service. */
const replies: Row[] = [
  { paths: [localReply(404)], in: routes, test: 'has nothing at /stats' },
  { paths: [localReply(408)], in: limits, test: 'gives up on slow headers' },
  { paths: [localReply(413)], in: limits, test: 'takes a body of 16 KiB' },
  { paths: [localReply('/predict')], in: limits, test: 'hands 16 MiB on' },
  { paths: [localReply(429)], in: limits, test: 'limits what each client sends' },
  { paths: [localReply(431)], in: edge, test: 'Headers that are too' },
  { paths: [localReply(502)], in: protection, test: 'says 502' },
  { paths: [localReply(503)], in: limits, test: 'says 503, and when to come again' },
  { paths: [localReply(504)], in: limits, test: 'says 504' },
  { paths: [localReply('local_reply.others')], in: edge, test: 'Connections are not turned into anything else' },
];

const rates = (...rest: (string | number)[]) => filter('local_ratelimit', ...rest);
const filters: Row[] = [
  { paths: [manager('http_filters', { having: 'http.health_check' })], in: routes, test: 'answers for its own health' },
  { paths: [manager('http_filters', { having: 'http.local_ratelimit' })], in: limits, test: 'limits what each client' },
  { paths: [rates('filter_enabled')], in: limits, test: 'limits what each client sends' },
  { paths: [rates('filter_enforced')], in: limits, test: 'limits what each client sends' },
  { paths: [rates('rate_limits', 0)], in: protection, test: 'limits what each client asks for' },
  { paths: [rates('rate_limits', 1)], in: limits, test: 'limits what each client sends' },
  { paths: [rates('descriptors', 0)], in: protection, test: 'limits what each client asks for' },
  { paths: [rates('descriptors', 1)], in: limits, test: 'limits what each client sends' },
  { paths: [rates('max_dynamic_descriptors')], in: protection, test: 'limits what each client asks for' },
  { paths: [manager('http_filters', { having: 'http.buffer' })], in: limits, test: 'takes a body of 16 KiB' },
  { paths: [filter('router', 'suppress_envoy_headers')], in: routes, test: 'believes nobody' },
];

const retry = (name: string) => virtualHost('retry_policy', name);
const routing: Row[] = [
  { paths: [manager('route_config', 'response_headers_to_add')], in: headers, test: 'lets no other site' },
  { paths: [route('(assets/', 'response_headers_to_add')], in: headers, test: 'its own files alone' },
  { paths: [route('connect_matcher')], in: edge, test: 'a tunnel' },
  { paths: [route(':authority')], in: edge, test: 'two hosts' },
  { paths: [route('16777217')], in: limits, test: 'hands 16 MiB on' },
  { paths: [route('ml-backend-uploads', 'typed_per_filter_config')], in: limits, test: 'hands 16 MiB on' },
  { paths: [virtualHost('retry_policy')], in: limits, test: 'gives a POST up' },
  { paths: [retry('num_retries')], in: limits, test: 'gives a POST up' },
  { paths: [retry('retry_on')], value: '5xx', in: limits, test: 'never sends a POST again' },
  { paths: [route('"cluster":"free-tier","timeout"', 'route', 'timeout')], value: '0s', in: limits, test: 'says 504' },
  // Envoy's own would be 15 s, and the test's streams last for less.
  { paths: [route('free-tier-streams', 'route', 'timeout')], value: '1s', in: streams, test: 'job-template-1/events' },
  { paths: [route('free-tier-streams', 'route', 'idle_timeout')], in: streams, test: 'job-template-1/events' },
];

const outliers = (name: string) => cluster('free-tier', 'outlier_detection', name);
const upstreams: Row[] = [
  { paths: [cluster('free-tier-streams', 'circuit_breakers')], in: streams, test: 'leaves the other calls' },
  { paths: [cluster('ml-backend-uploads', 'circuit_breakers')], in: limits, test: 'keeps no uploads' },
  { paths: [cluster('*', 'health_checks')], in: protection, test: 'says that it is not well' },
  { paths: [cluster('free-tier', 'outlier_detection')], in: limits, test: 'leaves out a replica' },
  { paths: [outliers('enforcing_consecutive_gateway_failure')], value: 0, in: limits, test: 'leaves out a replica' },
  { paths: [outliers('max_ejection_percent')], value: 100, in: limits, test: 'leaves the only replica in' },
];

const connections = ['overload_manager', 'resource_monitors', { having: 'downstream_max_connections' }];
const probes = (name: string) => ['static_resources', 'listeners', 1, name];
const process: Row[] = [
  { paths: [connections], in: limits, test: 'answers probes while' },
  {
    paths: [probes('ignore_global_conn_limit'), probes('bypass_overload_manager')],
    in: limits,
    test: 'answers probes while',
  },
  { paths: [probesManager('common_http_protocol_options')], in: protection, test: 'port of probes' },
  { paths: [probesManager('request_headers_timeout')], in: protection, test: 'port of probes' },
  { paths: [['admin', 'address', 'pipe', 'mode']], in: protection, test: 'takes orders from its own user' },
];

export const frontMutations: Row[] = [...requests, ...replies, ...filters, ...routing, ...upstreams, ...process];
