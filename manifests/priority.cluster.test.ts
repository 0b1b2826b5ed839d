// Who gets the next place on a full cluster: pods of the tiers' own templates, on both nodes, with a shell as their work.
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { V1Job, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cluster, shell, until, useNamespace } from '../local_cluster/node/testing/cluster-under-test.ts';
import { applyGroundwork, pathOf } from './testing/kubectl.ts';

const pods = useNamespace('priority');

/** So long the scheduler leaves a pod alone that it has just refused (its back-off of 1 s, in steps of 1 s): order begins after it. */
const backOffMs = 2_000;

beforeAll(applyGroundwork);

/** A pod as one of a tier's Jobs has it, and that stays until it is deleted. */
async function createJobPod(tier: string, name: string): Promise<void> {
  const file = pathOf(`../${tier}_service/job/${tier}-job-template.yaml`);
  const { spec }: V1Job = parse(await readFile(file, 'utf8'));
  const { containers, ...pod } = spec!.template.spec!;
  const work = shell('exec sleep 600', { resources: containers[0]!.resources! });
  await pods.create(name, [work], { ...pod, securityContext: {} } as V1PodSpec);
}

/** A pod as a service has it; it asks for as much as a Job does, so that it has to wait as well. */
async function createServicePod(name: string): Promise<void> {
  const resources = { requests: { cpu: '900m', memory: '64Mi' } };
  await pods.create(name, [shell('exec sleep 600', { resources })], { priorityClassName: 'ml-job-mesh-services' });
}

const hasPlace = ({ spec }: V1Pod) => spec?.nodeName !== undefined;
const namesOf = (some: V1Pod[]) => some.map(({ metadata }) => metadata!.name!).sort();
const listPlaced = async () => namesOf((await pods.list()).filter(hasPlace));

/** Waits until the scheduler has looked at a pod and found no place for it. */
function waitUntilRefused(name: string): Promise<V1Pod> {
  const isRefused = ({ status }: V1Pod) =>
    status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable');
  return pods.waitFor(name, isRefused, `${name} to find no place`);
}

test('On a full cluster the next place is for a service, the one after it premium, and nobody who runs has to leave', async () => {
  const full = ['free-1', 'free-2', 'free-3', 'free-4'];
  for (const name of full) await createJobPod('free', name);
  await until(async () => (await listPlaced()).length === full.length, 'a full cluster');
  // In the order of their arrival, which decided before there were classes.
  await createJobPod('free', 'free-waiting-1');
  await createJobPod('free', 'free-waiting-2');
  await createJobPod('premium', 'premium-waiting');
  await createServicePod('service-waiting');
  const waiting = ['free-waiting-1', 'free-waiting-2', 'premium-waiting', 'service-waiting'];
  for (const name of waiting) await waitUntilRefused(name);
  expect(await listPlaced()).toEqual(full);

  const order: string[] = [];
  for (const leaving of full) {
    await setTimeout(backOffMs);
    await pods.delete(leaving, { gracePeriodSeconds: 0 });
    // A free Job that comes at this very moment, as the free tier sends one, does not get ahead either.
    if (order.length === 0) await createJobPod('free', 'free-late');
    const next = await until(async () => {
      const placed = (await listPlaced()).filter((name) => !full.includes(name) && !order.includes(name));
      return placed.length > 0 ? placed : undefined;
    }, `a pod in the place of ${leaving}`);
    order.push(...next);
  }
  expect(order).toEqual(['service-waiting', 'premium-waiting', 'free-waiting-1', 'free-waiting-2']);
  // Whoever ran and was not ended by this test runs still.
  expect(namesOf((await pods.list()).filter(({ status }) => status?.phase === 'Failed'))).toEqual([]);
}, 180_000);

test('None of the classes lets a pod push another one out', async () => {
  const { items } = await cluster.get<{
    items: { metadata: { name: string }; value: number; preemptionPolicy: string }[];
  }>('/apis/scheduling.k8s.io/v1/priorityclasses');
  const ours = items.filter(({ metadata }) => metadata.name.startsWith('ml-job-mesh-'));
  expect(
    Object.fromEntries(ours.map(({ metadata, value, preemptionPolicy }) => [metadata.name, [value, preemptionPolicy]])),
  ).toEqual({
    'ml-job-mesh-services': [1000, 'Never'],
    'ml-job-mesh-premium': [100, 'Never'],
    'ml-job-mesh-free': [0, 'Never'],
  });
});
