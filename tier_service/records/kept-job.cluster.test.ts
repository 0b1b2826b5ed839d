// Both forms in which the real API server sends Jobs lead to the same.
import { connectToCluster, KubernetesError, startWatchCache } from '@ml-job-mesh/cluster-client';
import { afterAll, expect, test } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { cluster, kubeconfig, until, useNamespace } from '../../local_cluster/node/testing/cluster-under-test.ts';
import { premiumTier } from '../../premium_service/app/tier.ts';
import { jobPath, jobsPath } from '../state/job-paths.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { buildJob } from '../submission/job-builder.ts';
import { loadJobTemplate } from '../submission/job-template.ts';
import { keepJob, readKeptJob } from './kept-job.ts';

const { namespace } = useNamespace('kept-job');

const own = connectToCluster({ kubeconfig });
afterAll(() => own.close());

const identity = { namespace, suspend: true, accepted: '1795000000000001', requestId: 'r', requestHash: 'h' };

const ended = {
  startTime: '2026-01-02T03:04:05Z',
  conditions: [
    {
      type: 'FailureTarget',
      status: 'True',
      lastTransitionTime: '2026-01-02T03:04:06Z',
      reason: 'BackoffLimitExceeded',
      message: 'Es ging nicht: ✗',
    },
  ],
  failed: 1,
};

function watchJobs(binary: boolean) {
  const caches = startWatchCache<Job>(own, {
    path: jobsPath(namespace),
    keep: keepJob,
    ...(binary && { readBinary: readKeptJob }),
  });
  const changes: string[] = [];
  caches.on('change', (type, job) => changes.push(`${type} ${JSON.stringify(job)}`));
  return { changes, caches };
}

test('a watch in the binary form shows the same Jobs as one in JSON', async () => {
  const watches = [watchJobs(false), watchJobs(true)];
  await Promise.all(watches.map(({ caches }) => caches.synced));
  for (const tier of [freeTier, premiumTier]) {
    const name = `${tier.name}-one`;
    const choices = { dataset: 'mnist', epochs: 5, pretrained: false } as const;
    await cluster.create(jobsPath(namespace), buildJob(loadJobTemplate(tier), choices, { ...identity, name }));
    const path = jobPath({ namespace, id: name });
    await cluster.patch(path, { metadata: { annotations: { 'a/b': 'ä "quoted"\n line' } } });
    await cluster.patch(`${path}/status`, { status: ended });
    await cluster.delete(path, { propagationPolicy: 'Background' });
  }
  const isDone = () =>
    watches.every(({ changes }) => changes.filter((change) => change.startsWith('deleted')).length === 2) || undefined;
  await until(async () => isDone(), 'both watches to show it');

  const [json, binary] = watches.map(({ changes }) => changes);
  expect(binary).toEqual(json);
  expect(binary!.filter((change) => change.includes('Es ging nicht: ✗')).length).toBeGreaterThan(0);
  expect(binary!.filter((change) => change.includes('"limits":{"cpu":')).length).toBeGreaterThan(0);
  for (const { caches } of watches) caches.stop();
});

test('a watch that is refused says why, in the binary form too', async () => {
  const refused = cluster.watch(jobsPath(namespace), { query: { resourceVersion: 'none' }, mayBeBinary: true });
  const error = await refused.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(error).toBeInstanceOf(KubernetesError);
  expect(error).toMatchObject({
    status: 500,
    reason: 'HTTP 500',
    message: expect.stringMatching(/resourceVersion.*none/),
  });
});
