import { expect, test } from 'vitest';
import { fitArguments, fitBootstrap } from './envoy-config.ts';

const around = { podAddress: '127.244.1.7', dnsServers: ['127.244.1.1:1053', '127.244.2.1:1053'] };
const socket = (address: string, port_value: number) => ({ address: { socket_address: { address, port_value } } });

test('addresses that mean "here" become the pod\'s, others stay', () => {
  const bootstrap = {
    admin: { address: { pipe: { path: 'admin.sock', mode: 384 } } },
    static_resources: {
      listeners: [socket('0.0.0.0', 8080)],
      clusters: [
        socket('127.0.0.1', 3000),
        socket('free-tier.free-tier.svc.cluster.local', 8080),
        socket('10.0.0.1', 1),
      ],
      ranges: [{ address_prefix: '0.0.0.0', prefix_len: 0 }],
    },
  };
  expect(fitBootstrap(bootstrap, { ...around, dnsServers: [] })).toEqual({
    admin: { address: { pipe: { path: 'admin.sock', mode: 384 } } },
    static_resources: {
      listeners: [socket('127.244.1.7', 8080)],
      clusters: [
        socket('127.244.1.7', 3000),
        socket('free-tier.free-tier.svc.cluster.local', 8080),
        socket('10.0.0.1', 1),
      ],
      ranges: [{ address_prefix: '0.0.0.0', prefix_len: 0 }],
    },
  });
});

test('names are asked of the cluster DNS, unless the file has a resolver', () => {
  expect(fitBootstrap({}, around).typed_dns_resolver_config).toMatchObject({
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      resolvers: [
        { socket_address: { address: '127.244.1.1', port_value: 1053 } },
        { socket_address: { address: '127.244.2.1', port_value: 1053 } },
      ],
      dns_resolver_options: { no_default_search_domain: true },
    },
  });
  const own = { typed_dns_resolver_config: { name: 'own' } };
  expect(fitBootstrap(own, around)).toEqual(own);
});

test('the configuration file is replaced, however it is named, and one worker is enough', () => {
  const fit = (file: string) => `/fitted${file}`;
  const added = ['--concurrency', '1', '--disable-hot-restart'];
  expect(fitArguments(['-c', '/a', '-l', 'warn'], fit)).toEqual(['-c', '/fitted/a', '-l', 'warn', ...added]);
  expect(fitArguments(['--config-path=/a'], fit)).toEqual(['--config-path', '/fitted/a', ...added]);
  expect(fitArguments(['--config-path', '/a', '--concurrency', '4', '--base-id', '7'], fit)).toEqual([
    ...['--config-path', '/fitted/a', '--concurrency', '4', '--base-id', '7'],
  ]);
});
