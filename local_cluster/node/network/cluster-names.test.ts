import { expect, test } from 'vitest';
import { listNames } from './cluster-names.ts';

const service = (name: string, clusterIP = 'None') => ({ metadata: { namespace: 'web', name }, spec: { clusterIP } });
const sliceOf = (name: string, ...endpoints: { addresses: string[]; hostname?: string; conditions?: object }[]) => ({
  metadata: { namespace: 'web', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints,
});

test('a headless Service leads to its ready pods, and to each that has a hostname', () => {
  const slices = [
    sliceOf('front', { addresses: ['10.244.1.9'] }, { addresses: ['10.244.1.3'], conditions: { ready: false } }),
    sliceOf('front', { addresses: ['10.244.1.4'] }),
    sliceOf('db', { addresses: ['10.244.2.5'], hostname: 'db-0' }),
    { ...sliceOf('front'), endpoints: null as never },
    sliceOf('virtual', { addresses: ['10.244.2.6'] }),
  ];
  expect(
    listNames([service('front'), service('db'), service('empty'), service('virtual', '10.96.0.7')], slices),
  ).toEqual([
    { namespace: 'web', name: 'db', addresses: ['127.244.2.5'] },
    { namespace: 'web', name: 'db-0.db', addresses: ['127.244.2.5'] },
    { namespace: 'web', name: 'front', addresses: ['127.244.1.4', '127.244.1.9'] },
  ]);
});
