import type { V1Node } from '@kubernetes/client-node';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askJson, clearJobs, cluster, listPods, observePods, post, type SubmittedJob, waitForStatus } from '../mesh.ts';
import { bringBack, loseNode } from './node-control.ts';
import { deployments, type ServiceName, servicePods } from './service-pods.ts';

const lost = 'node-2';
const nodePath = (name: string) => `/api/v1/nodes/${name}`;
const patience = { timeout: 120_000, interval: 200 };

beforeEach(clearJobs);
afterEach(async () => {
  bringBack(lost);
  await vi.waitFor(async () => expect(await conditionOf(lost)).toBe('True'), patience);
  await cluster.patch(nodePath(lost), { spec: { unschedulable: null } });
});

/** The node's condition Ready. */
async function conditionOf(name: string): Promise<string | undefined> {
  const { status } = await cluster.get<V1Node>(nodePath(name));
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

/** Has the services leave a node, so that it can be lost without them. */
async function moveServicesAwayFrom(node: string): Promise<void> {
  await cluster.patch(nodePath(node), { spec: { unschedulable: true } });
  for (const service of Object.keys(deployments) as ServiceName[]) {
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
  await vi.waitFor(async () => expect(await askJson('/free/readyz')).toEqual({ status: 'ok' }), patience);
  await cluster.patch(nodePath(node), { spec: { unschedulable: null } });
}

test('jobs on a node that is lost end as node_lost, the queue goes on elsewhere, and the node may come back', async () => {
  await moveServicesAwayFrom(lost);
  const pods = await observePods('free-service');
  const jobs: SubmittedJob[] = [];
  for (let count = 0; count < 4; count++) jobs.push(await post('/free', { dataset: 'mnist', epochs: 20 }));
  await vi.waitFor(async () => {
    const placed = await listPods('free-service');
    expect(placed.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
  }, patience);
  const doomed = (await listPods('free-service'))
    .filter(({ spec }) => spec!.nodeName === lost)
    .map(({ metadata }) => metadata!.labels!['batch.kubernetes.io/job-name']!);
  // The other node carries all services; the emptier one is taken first.
  expect(doomed.length).toBeGreaterThan(0);

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
  // As many are started in their place, on the node that is left, and never a second pod for one that was lost.
  const started = () => pods.order.slice(2);
  await vi.waitFor(() => expect(started()).toEqual(jobs.slice(2, 2 + doomed.length).map(({ id }) => id)), patience);
  for (const id of started()) await waitForStatus(id, 'running');
  for (const id of doomed) expect(pods.order.filter((name) => name === id)).toEqual([id]);

  // The node comes back, and clears away what it had.
  bringBack(lost);
  await vi.waitFor(async () => expect(await conditionOf(lost)).toBe('True'), patience);
  await vi.waitFor(async () => {
    const left = (await listPods('free-service')).filter(({ metadata }) =>
      doomed.includes(metadata!.labels!['batch.kubernetes.io/job-name']!),
    );
    expect(left.filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ''))).toEqual([]);
  }, patience);
  for (const id of doomed) expect(await askJson(`/free/jobs/${id}`)).toMatchObject({ status: 'failed' });
}, 600_000);
