import { expect, test } from 'vitest';
import { listNetworkTraces } from './remains.ts';

const machine = {
  interfaces: ['lo', 'eth0', 'cni0', 'mesh0', 'to-node-1'],
  rules: [
    '-A KUBE-SERVICES -j KUBE-NODEPORTS',
    '-A FORWARD -s 10.88.1.0/24 -j ACCEPT',
    '-A INPUT -j ACCEPT',
    ':INPUT ACCEPT',
  ],
};

test('interfaces and rules that a rig has in its own network are remains on the machine', () => {
  expect(listNetworkTraces(machine)).toEqual([
    'the interface cni0 is on this machine',
    'the interface mesh0 is on this machine',
    'the interface to-node-1 is on this machine',
    'the rule -A KUBE-SERVICES -j KUBE-NODEPORTS is on this machine',
    'the rule -A FORWARD -s 10.88.1.0/24 -j ACCEPT is on this machine',
  ]);
});

test('what was there before the rig, of another cluster say, is not one of them', () => {
  const before = listNetworkTraces({ interfaces: ['cni0'], rules: machine.rules.slice(0, 1) });
  expect(listNetworkTraces(machine, before)).toEqual([
    'the interface mesh0 is on this machine',
    'the interface to-node-1 is on this machine',
    'the rule -A FORWARD -s 10.88.1.0/24 -j ACCEPT is on this machine',
  ]);
});
