import { mkdirSync, mkdtempSync, readdirSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import { expect, test } from 'vitest';
import { addressPair, createAddressPool } from '../network/addresses.ts';
import { PodSetup, readPodRecord } from './pod-setup.ts';

const podsFolder = mkdtempSync(join(tmpdir(), 'pod-setup-'));

/** A node as an agent finds it that has just come: nobody has an address, and what pods had is reserved. */
function comeBack(octet = 244) {
  const addresses = createAddressPool(octet, 1);
  for (const uid of readdirSync(podsFolder)) {
    const address = readPodRecord(join(podsFolder, uid))?.address;
    if (address) addresses.reserve(address);
  }
  const node = {
    cluster: {} as ClusterConnection,
    addresses,
    nodeAddress: addressPair(octet, 1, 1),
    allocatable: { cpu: 2, memory: 1024 },
    hostAddress: '127.0.0.1',
    shim: '/shim',
    hosts: undefined,
  };
  const setUp = (uid: string, status: V1Pod['status'] = {}, hostNetwork = false) => {
    const pod: V1Pod = { metadata: { uid, name: uid, namespace: 'n' }, spec: { containers: [], hostNetwork }, status };
    const folder = join(podsFolder, uid);
    return new PodSetup({ pod, folder, event: () => undefined, complain: () => undefined }, node);
  };
  return { addresses, setUp };
}

test('the address of a pod that has ended stays with the one that was given it since', async () => {
  const first = comeBack();
  const [ended, running] = [first.setUp('ended'), first.setUp('running')];
  const address = ended.settle();
  await ended.release({ keepsAddress: false });
  // All others were given to pods that are gone by now.
  for (let last = 3; last <= 254; last++) first.addresses.release('gone', first.addresses.allocate('gone'));
  expect(running.settle()).toEqual(address);

  const { addresses, setUp } = comeBack();
  const endedLater = setUp('ended', { phase: 'Succeeded' });
  const runningLater = setUp('running', { phase: 'Running' });
  expect([endedLater.recall(), runningLater.recall(), runningLater.address]).toEqual([true, true, address]);
  await endedLater.release({ keepsAddress: false });
  const others = Array.from({ length: 252 }, (_, index) => addresses.allocate(`other-${index}`).local);
  expect(others).not.toContain(address.local);
});

test('a pod whose record is empty keeps the address and the start that were reported', () => {
  const { setUp } = comeBack();
  setUp('damaged').settle();
  truncateSync(join(podsFolder, 'damaged', 'pod.json'));
  const startTime = new Date('2026-01-01T00:00:00Z');
  const setup = comeBack().setUp('damaged', { podIP: '10.244.1.9', startTime });
  expect([setup.recall(), setup.address, setup.startTime]).toEqual([true, addressPair(244, 1, 9), startTime]);
});

test('a pod that left nothing on this machine was never here; one that left only its folder was', () => {
  const { setUp } = comeBack();
  mkdirSync(join(podsFolder, 'folder'));
  const [none, folder] = [setUp('none'), setUp('folder')];
  expect([none.recall(), folder.recall(), folder.address]).toEqual([false, true, undefined]);
});

test('after the cluster has moved, a pod that runs on is given an address of the new range, and none of another mesh', () => {
  const first = comeBack();
  for (const pod of [first.setUp('moving'), first.setUp('moving-host', {}, true)]) pod.settle();
  const later = comeBack(245);
  const pods = [
    later.setUp('moving', { phase: 'Running' }),
    later.setUp('moving-host', { phase: 'Running' }, true),
  ] as const;
  expect(pods.map((pod) => [pod.recall(), pod.settle()])).toEqual([
    [true, addressPair(245, 1, 2)],
    [true, addressPair(245, 1, 1)],
  ]);
});
