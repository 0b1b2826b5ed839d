import type { Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import { beforeEach, expect, test } from 'vitest';
import { ask, askJson, clearJobs, cluster, listJobs, listPods, post, waitForStatus } from './mesh.ts';

beforeEach(clearJobs);

test.each(['free', 'premium'])(
  'a finished %s job is there until its ttlSecondsAfterFinished is over, and then goes with its pod, from the API too',
  async (tier) => {
    const [short, usual] = [
      await post(`/${tier}`, { dataset: 'mnist', pretrained: true }),
      await post(`/${tier}`, { dataset: 'mnist', pretrained: true }),
    ];
    const { namespace } = short;
    const ttls = (await listJobs(namespace)).map(({ spec }) => spec!.ttlSecondsAfterFinished);
    expect(ttls).toEqual([86_400, 86_400]);
    // The only difference from a Job as it is every day.
    const path = `/apis/batch/v1/namespaces/${namespace}/jobs/${short.id}`;
    await cluster.patch(path, { spec: { ttlSecondsAfterFinished: 5 } });
    expect(await waitForStatus(short.id, 'succeeded', 'failed')).toMatchObject({ status: 'succeeded' });
    await waitForStatus(usual.id, 'succeeded');

    const names = (pods: Pod[]) => pods.map(({ metadata }) => metadata!.labels!['batch.kubernetes.io/job-name']);
    const whatIsLeft = async () => ({
      jobs: (await listJobs(namespace)).map(({ metadata }) => metadata!.name),
      pods: names(await listPods(namespace)),
      listed: (await askJson<{ jobs: { id: string }[] }>(`/${tier}/jobs`)).jobs.map(({ id }) => id),
      answer: (await ask(`/${tier}/jobs/${short.id}`)).status,
    });
    await expect
      .poll(whatIsLeft, { timeout: 30_000 })
      .toEqual({ jobs: [usual.id], pods: [usual.id], listed: [usual.id], answer: 404 });
  },
);
