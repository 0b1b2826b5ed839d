import { expect, test } from 'vitest';
import type { Pod } from '../state/kubernetes-objects.ts';
import { createLivePods } from './live-pods.ts';

const podWith = (uid: string, cpu: string, more: Pick<Pod, 'metadata' | 'status'> = {}): Pod => ({
  status: more.status ?? { phase: 'Running' },
  metadata: { uid, ...more.metadata },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
});
const cpuOf = (pods: ReturnType<typeof createLivePods>) => pods.amounts()['requests.cpu'] ?? 0;

test('pods count from their creation to their end, in their newest version', () => {
  const pods = createLivePods(() => 0);
  pods.set(podWith('a', '1'));
  pods.set(podWith('b', '500m'));
  pods.set(podWith('b', '250m'));
  expect(cpuOf(pods)).toBe(1_250);
  pods.set(podWith('a', '1', { status: { phase: 'Failed' } }));
  expect(cpuOf(pods)).toBe(250);
  pods.change('deleted', podWith('b', '250m'));
  pods.change('deleted', podWith('unknown', '1'));
  expect([cpuOf(pods), pods.nextEndMs()]).toEqual([0, undefined]);
});

test('a pod whose name another pod has taken counts no longer', () => {
  const pods = createLivePods(() => 0);
  pods.change('added', podWith('a', '1'));
  pods.change('modified', podWith('b', '500m'), podWith('a', '1'));
  expect(cpuOf(pods)).toBe(500);
});

test('a pod that nobody ends, as its node was lost, counts until its grace period is over twice', () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const pods = createLivePods(() => now);
  // The API server writes the time at which the grace period ends.
  const deleted = { deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 };
  pods.set(podWith('lost', '1'));
  pods.set(podWith('lost', '1', { metadata: deleted }));
  expect([cpuOf(pods), pods.nextEndMs()]).toEqual([1_000, 10_000]);
  now += 9_999;
  expect(cpuOf(pods)).toBe(1_000);
  now += 1;
  expect([cpuOf(pods), pods.nextEndMs()]).toEqual([0, undefined]);
  pods.set(podWith('lost', '1', { metadata: deleted }));
  expect(cpuOf(pods)).toBe(0);
});
