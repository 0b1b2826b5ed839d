import { describe, expect, test } from 'vitest';
import type { ContainerKind, ContainerPosition } from '../container/container-position.ts';
import { planPod } from './pod-plan.ts';

const none = (name: string, kind: ContainerKind = 'main'): ContainerPosition => ({
  name,
  kind,
  state: 'none',
  started: false,
});
const active = (name: string, kind: ContainerKind = 'main', started = true): ContainerPosition => ({
  name,
  kind,
  state: 'active',
  started,
});
const ended = (name: string, exitCode: number, kind: ContainerKind = 'main'): ContainerPosition => ({
  name,
  kind,
  state: 'ended',
  started: false,
  exitCode,
});

describe('before the main containers', () => {
  test('init containers run one after the other', () => {
    expect(planPod('Never', [none('a', 'init'), none('b', 'init'), none('m')])).toEqual({ start: ['a'] });
    expect(planPod('Never', [active('a', 'init'), none('b', 'init'), none('m')])).toEqual({ start: [] });
    expect(planPod('Never', [ended('a', 0, 'init'), none('b', 'init'), none('m')])).toEqual({ start: ['b'] });
    expect(planPod('Never', [ended('a', 0, 'init'), ended('b', 0, 'init'), none('m')])).toEqual({ start: ['m'] });
  });

  test('what follows a sidecar waits until it is started', () => {
    expect(planPod('Always', [none('s', 'sidecar'), none('m')])).toEqual({ start: ['s'] });
    expect(planPod('Always', [active('s', 'sidecar', false), none('m')])).toEqual({ start: [] });
    expect(planPod('Always', [active('s', 'sidecar'), none('m'), none('n')])).toEqual({ start: ['m', 'n'] });
  });

  test('an init container that fails is repeated, or fails the pod that is never restarted', () => {
    const containers = [ended('a', 1, 'init'), none('m')];
    expect(planPod('Always', containers)).toEqual({ start: ['a'] });
    expect(planPod('OnFailure', containers)).toEqual({ start: ['a'] });
    expect(planPod('Never', containers)).toEqual({ start: [], outcome: 'Failed' });
  });

  test('a sidecar that ended is started again, also in a pod that is never restarted', () => {
    expect(planPod('Never', [ended('s', 1, 'sidecar'), none('a', 'init'), none('m')])).toEqual({ start: ['s'] });
  });
});

describe('the main containers', () => {
  test.each([
    ['Always', 0, { start: ['m'] }],
    ['Always', 1, { start: ['m'] }],
    ['OnFailure', 0, { start: [], outcome: 'Succeeded' }],
    ['OnFailure', 1, { start: ['m'] }],
    ['Never', 0, { start: [], outcome: 'Succeeded' }],
    ['Never', 1, { start: [], outcome: 'Failed' }],
  ])('with %s and exit code %d', (policy, exitCode, expected) => {
    expect(planPod(policy, [ended('m', exitCode)])).toEqual(expected);
  });

  test('the pod ends when all of them have, whatever its sidecars do', () => {
    const sidecar = active('s', 'sidecar');
    expect(planPod('Never', [sidecar, ended('m', 0), active('n')])).toEqual({ start: [] });
    expect(planPod('Never', [sidecar, ended('m', 0), ended('n', 2)])).toEqual({ start: [], outcome: 'Failed' });
  });

  test('init containers are not repeated once they run, sidecars are', () => {
    const before = [none('a', 'init'), ended('s', 0, 'sidecar')];
    expect(planPod('Always', [...before, active('m')])).toEqual({ start: ['s'] });
  });
});
