// The same for the tiers' sidecars, whose files differ in names alone; the free tier's is changed.
import type { Row } from './row.ts';
import { cluster, filter, localReply, manager, probesManager, virtualHost } from './setting-paths.ts';

const sidecars = 'manifests/tier-sidecars.test.ts';
const calls = 'A sidecar lets 256 calls through';

export const sidecarMutations: Row[] = [
  { paths: [localReply(404)], in: sidecars, test: 'free tier > has nothing at /config' },
  { paths: [localReply(503)], in: sidecars, test: calls },
  {
    paths: [manager('http_filters', { having: 'http.health_check' })],
    in: sidecars,
    test: 'free tier > fails both health checks',
  },
  {
    paths: [filter('health_check', 'pass_through_mode')],
    value: false,
    in: sidecars,
    test: 'free tier > answers the kubelet itself',
  },
  { paths: [virtualHost('retry_policy')], in: sidecars, test: 'free tier > waits for a service that restarts' },
  {
    paths: [virtualHost('retry_policy', 'num_retries')],
    in: sidecars,
    test: 'free tier > waits for a service that restarts',
  },
  {
    paths: [virtualHost('retry_policy', 'retry_back_off')],
    value: { base_interval: '0.001s', max_interval: '0.001s' },
    in: sidecars,
    test: 'free tier > waits for a service that restarts',
  },
  { paths: [cluster('localhost', 'circuit_breakers')], in: sidecars, test: calls },
  { paths: [probesManager('http_filters', 0)], in: sidecars, test: 'free tier > answers the kubelet itself' },
  {
    paths: [probesManager('route_config', 'virtual_hosts', 0, 'routes', 0)],
    in: sidecars,
    test: 'free tier > answers the kubelet itself',
  },
];
