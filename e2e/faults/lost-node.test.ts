import type { V1Node } from '@kubernetes/client-node';
import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askJson, clearJobs, cluster, listPods, observePods, post, type SubmittedJob, waitForStatus } from '../mesh.ts';
import { bringBack, holdPod, loseNode } from './node-control.ts';
import { deployments, type ServiceName, servicePods } from './service-pods.ts';

const lost = 'node-2';
const left = 'node-1';
const nodePath = (name: string) => `/api/v1/nodes/${name}`;
const patience = { timeout: 120_000, interval: 200 };

beforeEach(clearJobs);
afterEach(async () => {
  bringBack(lost);
  await vi.waitFor(async () => expect(await conditionOf(lost)).toBe('True'), patience);
  await cluster.patch(nodePath(lost), { spec: { unschedulable: null } });
});

const jobOf = ({ metadata }: Pod) => metadata!.labels!['batch.kubernetes.io/job-name']!;

/** The node's condition Ready. */
async function conditionOf(name: string): Promise<string | undefined> {
  const { status } = await cluster.get<V1Node>(nodePath(name));
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

/** Has the services leave a node, all at once, so that it can be lost without them. */
async function moveServicesAwayFrom(node: string): Promise<void> {
  await cluster.patch(nodePath(node), { spec: { unschedulable: true } });
  await Promise.all((Object.keys(deployments) as ServiceName[]).map((service) => moveServiceAway(service, node)));
  await vi.waitFor(async () => expect(await askJson('/free/readyz')).toEqual({ status: 'ok' }), patience);
  await cluster.patch(nodePath(node), { spec: { unschedulable: null } });
}

async function moveServiceAway(service: ServiceName, node: string): Promise<void> {
  for (const { metadata, spec } of await servicePods(service)) {
    const path = `/api/v1/namespaces/${metadata!.namespace}/pods/${metadata!.name}`;
    if (spec!.nodeName === node) await cluster.delete(path);
  }
  await vi.waitFor(async () => {
    const pods = await servicePods(service);
    const ready = pods.map(({ spec, status }) => [
      spec!.nodeName === node,
      status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    ]);
    expect([service, ready]).toEqual([service, [[false, 'True']]]);
  }, patience);
}

test('jobs on a node that is lost end as node_lost, the queue goes on elsewhere, and the node may come back', async () => {
  await moveServicesAwayFrom(lost);
  const pods = await observePods('free-service');
  const jobs: SubmittedJob[] = [];
  for (let count = 0; count < 6; count++) jobs.push(await post('/free', { dataset: 'mnist', epochs: 20 }));
  const first = await vi.waitFor(async () => {
    const placed = await listPods('free-service');
    expect(placed.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
    return placed;
  }, patience);
  const onLostNode = first.filter(({ spec }) => spec!.nodeName === lost);
  const doomed = onLostNode.map(jobOf);
  // The other node carries all services; the emptier one is taken first.
  expect(doomed.length).toBeGreaterThan(0);

  // A job on the node that is left outlasts the other node, however fast the machine is.
  for (const pod of first) if (!onLostNode.includes(pod)) holdPod(pod.metadata!.name!);
  loseNode(lost);
  for (const id of doomed) {
    const { status, error } = await vi.waitFor(
      async () => {
        const job = await askJson<Job>(`/free/jobs/${id}`);
        expect(job.status).not.toMatch(/starting|running/);
        return job;
      },
      { ...patience, timeout: 180_000 },
    );
    expect([status, error]).toEqual([
      'failed',
      { code: 'node_lost', message: `The node ${lost} was lost, or tainted, while the job ran.` },
    ]);
  }
  // As many are started in their place, on the node that is left. Where these end soon, the next ones are started too.
  const started = () => pods.order.slice(2);
  await vi.waitFor(() => expect(started().length).toBeGreaterThanOrEqual(doomed.length), patience);
  for (const id of started()) await waitForStatus(id, 'running', 'succeeded');
  const later = (await listPods('free-service')).filter((pod) => started().includes(jobOf(pod)));
  expect(new Set(later.map(({ spec }) => spec!.nodeName))).toEqual(new Set([left]));

  // The node comes back, and clears away what it had.
  bringBack(lost);
  await vi.waitFor(async () => expect(await conditionOf(lost)).toBe('True'), patience);
  await vi.waitFor(async () => {
    const pods = (await listPods('free-service')).filter((pod) => doomed.includes(jobOf(pod)));
    expect(pods.filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ''))).toEqual([]);
  }, patience);
  for (const id of doomed) expect(await askJson(`/free/jobs/${id}`)).toMatchObject({ status: 'failed' });
  // Always the next ones (two that start at once may be seen in either order), and never a second pod for any of them.
  const ids = jobs.map(({ id }) => id);
  const inOrder = pods.order.toSorted((one, other) => ids.indexOf(one) - ids.indexOf(other));
  expect(inOrder).toEqual(ids.slice(0, pods.order.length));
}, 600_000);
