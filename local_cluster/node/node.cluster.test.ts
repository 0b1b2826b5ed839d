import type { V1Job, V1Lease, V1Node } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { cluster, shell, statusOf, until, useNamespace } from './testing/cluster-under-test.ts';

const pods = useNamespace('node');
const ticksPerSecond = 100;
const getNodes = async () => (await cluster.get<{ items: V1Node[] }>('/api/v1/nodes')).items;

describe('a node', () => {
  test('is ready, has two CPU, and says how limits are held', async () => {
    for (const { status, metadata } of await getNodes()) {
      expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
      expect(status?.capacity).toMatchObject({ cpu: '2', pods: '110', memory: expect.stringMatching(/^\d+Ki$/) });
      // The rest is Kubernetes' own.
      const bytes = (resources?: Record<string, string>) => Number.parseInt(resources?.memory ?? '', 10) * 1024;
      expect(bytes(status?.capacity) - bytes(status?.allocatable)).toBe(1024 ** 3 / 2);
      expect(status?.conditions?.find(({ type }) => type === 'DiskPressure')).toMatchObject({
        status: 'False',
        reason: 'KubeletHasNoDiskPressure',
      });
      expect(metadata?.annotations?.['ml-job-mesh.io/cpu-limits']).toMatch(/^(not )?enforced: /);
    }
  });

  test('renews its lease', async () => {
    const [node] = await getNodes();
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node!.metadata!.name}`;
    const renewTime = async () => String((await cluster.get<V1Lease>(path)).spec?.renewTime);
    const before = await renewTime();
    await until(async () => (await renewTime()) !== before, 'the lease to be renewed');
  });

  test('shows its logs to the API server only', async () => {
    const [node] = await getNodes();
    const { status } = node!;
    const host = status?.addresses?.find(({ type }) => type === 'ExternalIP')?.address;
    const url = `https://${host}:${status?.daemonEndpoints?.kubeletEndpoint?.Port}/containerLogs/default/any/any`;
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const { statusCode, body } = await request(url, { dispatcher });
    expect([statusCode, await body.text()]).toEqual([401, 'not the API server']);
    await dispatcher.close();
  });
});

describe('many pods', () => {
  test('50 short Jobs all run, and are gone when they are deleted', async () => {
    const jobs = `/apis/batch/v1/namespaces/${pods.namespace}/jobs`;
    const names = Array.from({ length: 50 }, (_, i) => `short-${i}`);
    const template = { spec: { restartPolicy: 'Never', containers: [shell('echo hi')] } };
    for (const name of names) {
      await cluster.create(jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template } });
    }
    await until(async () => {
      const { items } = await cluster.get<{ items: V1Job[] }>(jobs);
      return items.filter(({ status }) => status?.succeeded === 1).length === names.length;
    }, 'all of them to succeed');
    await cluster.delete(jobs, { propagationPolicy: 'Background' });
    await until(async () => (await pods.list()).length === 0, 'their pods to be gone');
  });
});

/** What a node says of itself decides whether the tests of limits can see anything. */
async function enforcing(kind: 'cpu' | 'memory'): Promise<string | undefined> {
  const nodes = await getNodes();
  const holds = ({ metadata }: V1Node) => !metadata?.annotations?.[`ml-job-mesh.io/${kind}-limits`]?.startsWith('not');
  return nodes.find(holds)?.metadata?.name;
}

describe('limits', () => {
  test('a container gets the CPU time that its limit grants', async ({ skip }) => {
    const nodeName = await enforcing('cpu');
    skip(!nodeName, 'no node enforces CPU limits here');
    // A redirection is opened by the shell itself, so that this is the shell's own time.
    const loop = 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done';
    const timed = `cat /proc/uptime; ${loop}; read -r stat < /proc/self/stat; echo "$stat"; cat /proc/uptime`;
    const container = shell(timed, { resources: { limits: { cpu: '200m' } } });
    await pods.create('slow', [container], { nodeName });
    const pod = await pods.waitForEnd('slow');
    const log = await pods.readLog('slow');
    const [before, stat, after] = log.trim().split('\n');
    const wall = Number.parseFloat(after!) - Number.parseFloat(before!);
    const [user, system] = stat!.split(' ').slice(13, 15).map(Number);
    const cpu = (user! + system!) / ticksPerSecond;
    expect(pod.status?.phase).toBe('Succeeded');
    // Granted in slices of 100 ms, so a short run may be one slice ahead.
    expect(cpu).toBeLessThanOrEqual(0.2 * wall + 0.05);
  });

  test('a container that takes more memory than its limit is OOMKilled', async ({ skip }) => {
    const nodeName = await enforcing('memory');
    skip(!nodeName, 'no node enforces memory limits here');
    const command = ['sh', '-c', 'head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null'];
    await pods.create('greedy', [shell('', { command, resources: { limits: { memory: '32Mi' } } })], { nodeName });
    const pod = await pods.waitForEnd('greedy');
    expect(statusOf(pod)?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });
});
