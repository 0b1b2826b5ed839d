import { afterEach, beforeEach, expect, test } from 'vitest';
import { frontHosts, startFront } from '../../web_tier/testing/front.ts';
import { type StubUpstream, startStubUpstream } from '../../web_tier/testing/stub-upstream.ts';
import { createAddressMap } from './address-map.ts';
import { startDnsServer } from './dns-server.ts';
import { createStubDirectory, endpoint, slice } from './testing/stub-directory.ts';
import { createZone } from './zone.ts';

const stub = createStubDirectory();
let dns: Awaited<ReturnType<typeof startDnsServer>>;
let pods: StubUpstream[];
let front: Awaited<ReturnType<typeof startFront>>;

beforeEach(async () => {
  stub.slices.set('free-tier', [slice([endpoint('10.201.1.3')])]);
  const mapAddress = createAddressMap('10.0.0.0/8=127.0.0.0/8');
  const answerQuestion = createZone({ domain: 'cluster.local', directory: stub.directory, mapAddress });
  dns = await startDnsServer({ host: '127.0.0.1', port: 0, answerQuestion });
  const first = await startStubUpstream('first', { host: '127.201.1.3' });
  pods = [first, await startStubUpstream('second', { host: '127.201.2.4', port: first.port })];
  front = await startFront({ adjust: (bootstrap) => askTheClusterDns(bootstrap, first.port) });
}, 60_000);

afterEach(async () => {
  await front.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  await dns.close();
});

/** What the node's entrypoint for Envoy does: names are asked of the cluster's own DNS. */
// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has types in its own protocol buffers only.
function askTheClusterDns(bootstrap: any, port: number): void {
  bootstrap.typed_dns_resolver_config = {
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
      resolvers: [{ socket_address: { address: '127.0.0.1', port_value: dns.port } }],
      dns_resolver_options: { no_default_search_domain: true },
    },
  };
  const [address] = frontHosts.free.split(':');
  for (const cluster of bootstrap.static_resources.clusters.filter(
    ({ name }: { name: string }) => name === 'free-tier',
  )) {
    cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address = {
      address,
      port_value: port,
    };
  }
}

async function answering(): Promise<string> {
  const { status, headers } = await front.call({ path: '/free' });
  return status === 200 ? String(headers.upstream) : String(status);
}

/** Who answers, of ten calls. */
async function allAnswering(): Promise<string[]> {
  return [...new Set(await Promise.all(Array.from({ length: 10 }, answering)))].sort();
}

const patience = { timeout: 15_000, interval: 200 };

test('Envoy follows pods that come and go, and leaves one that has gone even while it still seems healthy', async () => {
  expect(await allAnswering()).toEqual(['first']);

  stub.slices.set('free-tier', [slice([endpoint('10.201.1.3'), endpoint('10.201.2.4')])]);
  await expect.poll(allAnswering, patience).toEqual(['first', 'second']);

  stub.slices.set('free-tier', [slice([endpoint('10.201.1.3', { ready: false }), endpoint('10.201.2.4')])]);
  await expect.poll(allAnswering, patience).toEqual(['second']);

  stub.slices.set('free-tier', []);
  await expect.poll(allAnswering, patience).toEqual(['503']);
}, 60_000);

test('Envoy keeps the pods that it knows while the DNS cannot tell', async () => {
  expect(await answering()).toBe('first');
  stub.state.synced = false;
  const failures = async () => (await front.admin('GET', '/stats?filter=cluster.free-tier.update_failure')).text;
  await expect.poll(failures, patience).toMatch(/: [1-9]/);
  expect(await allAnswering()).toEqual(['first']);
  stub.state.synced = true;
}, 60_000);
