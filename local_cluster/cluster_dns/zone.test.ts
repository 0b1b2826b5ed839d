import type { RecordType } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { createAddressMap } from './address-map.ts';
import { createStubDirectory, endpoint, slice } from './testing/stub-directory.ts';
import { createZone } from './zone.ts';

function createTestZone() {
  const stub = createStubDirectory();
  const mapAddress = createAddressMap('10.0.0.0/8=127.0.0.0/8');
  const zone = createZone({ domain: 'cluster.local', directory: stub.directory, mapAddress });
  const ask = (name: string, type: RecordType = 'A') => zone({ name, type });
  const addresses = (name: string) => ask(name).answers.map((answer) => 'data' in answer && answer.data);
  return { ...stub, zone, ask, addresses };
}

const soa = [expect.objectContaining({ type: 'SOA', name: 'cluster.local', ttl: 1 })];

describe('The zone of the cluster', () => {
  test('gives the ready addresses of a headless Service, each once, as its processes have them', () => {
    expect(createTestZone().ask('free-tier.free-tier.svc.cluster.local')).toEqual({
      code: 'NOERROR',
      answers: ['127.244.1.3', '127.244.2.9'].map((data) => ({
        type: 'A',
        name: 'free-tier.free-tier.svc.cluster.local',
        ttl: 1,
        data,
      })),
      authorities: [],
    });
  });

  test('reads names without regard to case, and gives them back as they were asked', () => {
    const { answers } = createTestZone().ask('Free-Tier.free-tier.SVC.cluster.LOCAL');
    expect(answers).toHaveLength(2);
    expect(answers[0]?.name).toBe('Free-Tier.free-tier.SVC.cluster.LOCAL');
  });

  test('gives addresses that are not ready where the Service publishes them', () => {
    expect(createTestZone().addresses('patient.free-tier.svc.cluster.local')).toEqual(['127.244.1.5', '127.244.1.6']);
  });

  test('knows a pod by its host name, and only by that', () => {
    const { ask, addresses } = createTestZone();
    expect(addresses('second.patient.free-tier.svc.cluster.local')).toEqual(['127.244.1.6']);
    expect(ask('third.patient.free-tier.svc.cluster.local').code).toBe('NXDOMAIN');
  });

  test('follows a pod that comes, and one that goes', () => {
    const { addresses, slices } = createTestZone();
    slices.set('free-tier', [slice([endpoint('10.244.2.1'), endpoint('10.244.1.3', { ready: false })])]);
    expect(addresses('free-tier.free-tier.svc.cluster.local')).toEqual(['127.244.2.1']);
  });

  test.each([
    ['a Service without a ready pod', 'free-tier.free-tier.svc.cluster.local', 'A'],
    ['an IPv6 address', 'patient.free-tier.svc.cluster.local', 'AAAA'],
    ['a Service with a cluster IP, which leads nowhere here', 'with-cluster-ip.free-tier.svc.cluster.local', 'A'],
    ['a namespace', 'free-tier.svc.cluster.local', 'A'],
    ['what lies above namespaces', 'svc.cluster.local', 'A'],
    ['the domain itself', 'cluster.local', 'A'],
  ] as const)('says of %s that the name exists and has no such record', (_, name, type) => {
    const { ask, slices } = createTestZone();
    slices.set('free-tier', []);
    expect(ask(name, type)).toEqual({ code: 'NOERROR', answers: [], authorities: soa });
  });

  test.each([
    'premium-tier.free-tier.svc.cluster.local',
    'free-tier.nowhere.svc.cluster.local',
    'nowhere.svc.cluster.local',
    'pod.cluster.local',
    'a.b.free-tier.free-tier.svc.cluster.local',
    'x.with-cluster-ip.free-tier.svc.cluster.local',
  ])('says that %s does not exist', (name) => {
    expect(createTestZone().ask(name)).toEqual({ code: 'NXDOMAIN', answers: [], authorities: soa });
  });

  test.each(['example.org', 'xcluster.local', 'local', ''])('refuses to speak of %s, which is not its own', (name) => {
    expect(createTestZone().ask(name).code).toBe('REFUSED');
  });

  test('answers for the class IN alone', () => {
    const { zone } = createTestZone();
    expect(zone({ name: 'free-tier.free-tier.svc.cluster.local', type: 'A', class: 'CH' }).code).toBe('REFUSED');
  });

  test('has a start of authority', () => {
    expect(createTestZone().ask('cluster.local', 'SOA').answers).toEqual(soa);
  });

  test('says nothing of any name before the cluster was read, so that resolvers keep what they know', () => {
    const { ask, state } = createTestZone();
    state.synced = false;
    expect(ask('free-tier.free-tier.svc.cluster.local').code).toBe('SERVFAIL');
    expect(ask('nowhere.nowhere.svc.cluster.local').code).toBe('SERVFAIL');
  });
});
