// What an operator does behind the tier's back, on a real control plane, and what two replicas of the tier tell of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { everybody } from '@ml-job-mesh/http-service';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { freeTier } from '../free_service/app/tier.ts';
import { cluster, kubeconfig, shell, until, useNamespace } from '../local_cluster/node/testing/cluster-under-test.ts';
import { composeTier } from './compose-tier.ts';
import { jobPath, jobsPath, podsPath } from './state/job-paths.ts';
import { controllerUidOf, type Job, type Pod } from './state/kubernetes-objects.ts';
import { scriptTemplate } from './testing/script-template.ts';

const { namespace } = useNamespace('operator');
const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;

interface JobView {
  id: string;
  status: string;
  queue_position: number | null;
  error: { code: string } | null;
}

/** A quota for so many jobs, and no Job from the test before. */
async function reset(places: number): Promise<void> {
  await cluster.delete(jobsPath(namespace), { propagationPolicy: 'Background' });
  await until(async () => (await listPods()).length === 0, 'the pods of the test before to be gone');
  await cluster.delete(`${quotas}/quota`).catch(() => undefined);
  await cluster.create(quotas, { metadata: { name: 'quota' }, spec: { hard: hardLimits(places) } });
}

const hardLimits = (places: number) => ({ 'requests.cpu': String(places), 'limits.cpu': String(places) });
const setPlaces = (places: number) => cluster.patch(`${quotas}/quota`, { spec: { hard: hardLimits(places) } });

beforeEach(() => reset(2));

const listPods = () => cluster.get<{ items: Pod[] }>(podsPath(namespace)).then(({ items }) => items);
const getJob = (id: string) => cluster.get<Job>(jobPath({ namespace, id }));
const patchJob = (id: string, spec: object) => cluster.patch<Job>(jobPath({ namespace, id }), { spec });

/** Two replicas of a free tier whose jobs sleep. */
async function startReplicas() {
  const folder = mkdtempSync(join(tmpdir(), 'operator-test-'));
  const template = join(folder, 'job.yaml');
  writeFileSync(template, stringify(scriptTemplate('exec sleep 300')));
  const tier = {
    ...freeTier,
    places: freeTier.places.map(({ path }) => ({ path, namespace })),
    jobTemplate: pathToFileURL(template),
  };
  const options = {
    tier,
    kubeconfig,
    clients: everybody,
    maxUnfinished: 50,
    maxUnfinishedPerClient: 100,
    maxFinished: 50,
  };
  const replicas = await Promise.all([composeTier(options), composeTier(options)]);
  onTestFinished(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    rmSync(folder, { recursive: true });
  });
  await Promise.all(replicas.map((replica) => replica.synced));
  const [first, second] = replicas as [(typeof replicas)[0], (typeof replicas)[0]];
  const post = async (headers: Record<string, string> = {}) =>
    (await first.app.inject({ method: 'POST', url: '/free', headers, payload: '{"dataset":"mnist"}' })).json().id;
  const postSome = async (count: number) => {
    const ids: string[] = [];
    for (let posted = 0; posted < count; posted++) ids.push(await post());
    return ids;
  };

  /** What both replicas tell of a job, as soon as they tell the same and it is as expected. */
  async function agree(id: string, expected: Partial<JobView>): Promise<void> {
    const told: JobView[][] = [];
    await until(
      async () => {
        const views = await Promise.all(
          [first, second].map(async ({ app }) => (await app.inject({ url: `/free/jobs/${id}` })).json() as JobView),
        );
        told.push(views);
        return views.every((view) => Object.entries(expected).every(([name, value]) => view[name as 'id'] === value));
      },
      `${id} to be ${JSON.stringify(expected)}`,
    ).catch((cause) => {
      throw new Error(`the replicas tell ${JSON.stringify(told.at(-1))}`, { cause });
    });
  }
  const answers = (url: string) =>
    Promise.all([first, second].map(async ({ app }) => (await app.inject({ url })).json()));
  return {
    post,
    postSome,
    agree,
    answers,
    clear: () => first.app.inject({ method: 'DELETE', url: '/free/jobs?all=true' }),
  };
}

test('a Job that is suspended by hand waits again at once, and starts anew when its turn comes', async () => {
  const { postSome, agree } = await startReplicas();
  const [first, second, third] = (await postSome(3)) as [string, string, string];
  for (const id of [first, second]) await agree(id, { status: 'running' });
  const before = (await listPods()).map(({ metadata }) => metadata!.uid);

  // It is the first in the line again: without the smaller quota its turn would come before anybody saw it wait.
  await setPlaces(1);
  const { metadata } = await patchJob(first, { suspend: true });
  await agree(first, { status: 'queued', queue_position: 1 });
  await setPlaces(2);
  await agree(first, { status: 'running' });
  const own = (await listPods()).filter((pod) => controllerUidOf(pod) === metadata!.uid);
  expect(own).toHaveLength(1);
  expect(before).not.toContain(own[0]!.metadata!.uid);
  await agree(second, { status: 'running' });
  await agree(third, { status: 'queued', queue_position: 1 });
});

test('a Job that is deleted by hand is unknown to all replicas, and its place goes to the next', async () => {
  const { postSome, agree, answers } = await startReplicas();
  const [first, second, third] = (await postSome(3)) as [string, string, string];
  for (const id of [first, second]) await agree(id, { status: 'running' });
  await cluster.delete(jobPath({ namespace, id: first }), { propagationPolicy: 'Foreground' });
  await until(
    async () => (await answers(`/free/jobs/${first}`)).every(({ code }) => code === 'job_not_found'),
    'the deleted job to be unknown',
  );
  await agree(third, { status: 'running' });
  await agree(second, { status: 'running' });
});

test('a pod that is deleted by hand ends its job, and the next one starts', async () => {
  const { postSome, agree } = await startReplicas();
  const [first, , third] = (await postSome(3)) as [string, string, string];
  await agree(first, { status: 'running' });
  const { uid } = (await getJob(first)).metadata!;
  const pod = (await listPods()).find((each) => controllerUidOf(each) === uid)!;
  await cluster.delete(`${podsPath(namespace)}/${pod.metadata!.name}`);
  await agree(first, { status: 'failed' });
  await agree(third, { status: 'running' });
});

test('a quota that is edited or replaced is followed', async () => {
  const { postSome, agree, answers } = await startReplicas();
  const ids = await postSome(4);
  await agree(ids[1]!, { status: 'running' });
  await setPlaces(3);
  await agree(ids[2]!, { status: 'running' });
  await agree(ids[3]!, { status: 'queued', queue_position: 1 });
  await cluster.delete(`${quotas}/quota`);
  await until(async () => (await answers('/free/queue')).every(({ limit }) => limit === 0), 'a queue without places');
  await agree(ids[3]!, { status: 'queued' });
  await cluster.create(quotas, { metadata: { name: 'other' }, spec: { hard: hardLimits(4) } });
  await agree(ids[3]!, { status: 'running' });
  await cluster.delete(`${quotas}/other`);
});

test('a foreign Job in the namespace takes room from the queue, is no job, and gives it back', async () => {
  const { postSome, agree, answers } = await startReplicas();
  const resources = { requests: { cpu: '1500m', memory: '1Mi' }, limits: { cpu: '1500m', memory: '64Mi' } };
  await cluster.create(jobsPath(namespace), {
    metadata: { name: 'foreign' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [shell('exec sleep 300', { resources })] } } },
  });
  await until(async () => (await listPods()).some(({ status }) => status?.phase === 'Running'), 'the foreign pod');
  const [id] = (await postSome(1)) as [string];
  await agree(id, { status: 'queued', queue_position: 1 });
  expect((await answers('/free/jobs')).map(({ jobs }) => jobs.map((job: JobView) => job.id))).toEqual([[id], [id]]);
  await cluster.delete(jobPath({ namespace, id: 'foreign' }), { propagationPolicy: 'Background' });
  await agree(id, { status: 'running' });
});

test('a key that is used again while its former pod ends leads to a job of its own', async () => {
  const { post, agree, clear } = await startReplicas();
  const key = { 'idempotency-key': 'again' };
  const id = await post(key);
  await agree(id, { status: 'running' });
  const former = (await getJob(id)).metadata!.uid;
  await clear();
  expect(await post(key)).toBe(id);
  const { uid } = (await getJob(id)).metadata!;
  expect(uid).not.toBe(former);
  await agree(id, { status: 'running' });
  const own = (await listPods()).filter((pod) => controllerUidOf(pod) === uid);
  expect(own.map(({ status }) => status?.phase)).toEqual(['Running']);
  expect((await getJob(id)).spec!.suspend).toBe(false);
});

test('a Job that is resumed by hand although the quota is full starts as soon as there is room', async () => {
  const { postSome, agree } = await startReplicas();
  const [first, second, third] = (await postSome(3)) as [string, string, string];
  for (const id of [first, second]) await agree(id, { status: 'running' });
  await patchJob(third, { suspend: false });
  await agree(third, { status: 'starting', queue_position: null });
  const refusals = `/api/v1/namespaces/${namespace}/events`;
  const query = { fieldSelector: `involvedObject.name=${third},reason=FailedCreate` };
  await until(async () => (await cluster.get<{ items: object[] }>(refusals, { query })).items.length > 0, 'a refusal');
  await cluster.delete(jobPath({ namespace, id: first }), { propagationPolicy: 'Background' });
  await agree(third, { status: 'running' });
});
