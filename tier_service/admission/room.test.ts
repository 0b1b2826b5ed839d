import { describe, expect, test } from 'vitest';
import type { ResourceQuota } from '../state/kubernetes-objects.ts';
import { podAmounts } from './resources.ts';
import { hasRoom, placesIn } from './room.ts';

const ask = podAmounts({
  containers: [
    {
      name: 'classify',
      resources: { requests: { cpu: '900m', memory: '512Mi' }, limits: { cpu: '900m', memory: '1536Mi' } },
    },
  ],
});
const times = (count: number) =>
  Object.fromEntries(Object.entries(ask).map(([name, amount]) => [name, amount * count]));
const quota = (spec: Record<string, string>, used: Record<string, string> = {}, hard = spec): ResourceQuota => ({
  spec: { hard: spec },
  status: { hard, used },
});
const twoCpu = { 'requests.cpu': '2', 'limits.cpu': '2' };

describe('one more pod fits', () => {
  test.each<[string, boolean, ResourceQuota[], number, number]>([
    ['in an empty quota', true, [quota(twoCpu)], 0, 0],
    ['beside one other', true, [quota(twoCpu, { 'requests.cpu': '900m' })], 1, 0],
    ['not beside two', false, [quota(twoCpu, { 'requests.cpu': '1800m', 'limits.cpu': '1800m' })], 2, 0],
    ['not beside two that the quota has not counted yet', false, [quota(twoCpu)], 2, 0],
    ['not while the quota still counts two that have ended', false, [quota(twoCpu, { 'limits.cpu': '1800m' })], 0, 0],
    ['not beside two resumed Jobs whose pods are still to come', false, [quota(twoCpu)], 0, 2],
    ['not beside a pod and a resumed Job', false, [quota(twoCpu, { 'requests.cpu': '0.9' })], 1, 1],
    [
      'not where the operator has just lowered the quota',
      false,
      [quota({ 'requests.cpu': '500m' }, {}, { 'requests.cpu': '2' })],
      0,
      0,
    ],
    [
      'not before a raised quota is taken over',
      false,
      [quota({ 'requests.cpu': '4' }, { 'requests.cpu': '1800m' }, { 'requests.cpu': '2' })],
      2,
      0,
    ],
    ['in a raised quota', true, [quota({ 'requests.cpu': '4' }, { 'requests.cpu': '1800m' })], 2, 0],
    ['not without any quota', false, [], 0, 0],
    ['not when the second quota is full', false, [quota(twoCpu), quota({ pods: '1' }, { pods: '1' })], 1, 0],
    [
      'whatever the quota says of other things',
      true,
      [quota({ ...twoCpu, services: '0', 'requests.storage': '0' })],
      0,
      0,
    ],
  ])('%s: %s', (_, expected, quotas, live, reserved) => {
    expect(hasRoom(ask, { quotas, livePods: times(live), reserved: times(reserved) })).toBe(expected);
  });
});

test('the places of a quota are as many as fit when it is empty', () => {
  expect(placesIn(ask, [quota(twoCpu, { 'requests.cpu': '1800m' })])).toBe(2);
  expect(placesIn(ask, [quota({ 'requests.cpu': '10' }), quota({ pods: '3' })])).toBe(3);
  expect(placesIn(ask, [])).toBe(0);
});

test('sidecars add up, an ordinary init container counts where it needs more', () => {
  const resources = (cpu: string) => ({ requests: { cpu }, limits: { cpu } });
  const amounts = podAmounts({
    containers: [
      { name: 'a', resources: resources('100m') },
      { name: 'b', resources: resources('50m') },
    ],
    initContainers: [
      { name: 'sidecar', restartPolicy: 'Always', resources: resources('10m') },
      { name: 'once', resources: resources('120m') },
    ],
  });
  expect(amounts['requests.cpu']).toBe(160);
  expect(amounts.pods).toBe(1_000);
});
