// A tier for tests: the app and all that it stands on, against a stub of the Kubernetes API.
import { connectToCluster, startWatchCache } from '@ml-job-mesh/cluster-client';
import type { InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { freeTier } from '../free_service/app/tier.ts';
import { startAdmission } from './admission/admission.ts';
import { buildApp } from './app.ts';
import { type Clients, everybody } from './clients.ts';
import { createEventHub } from './jobs/event-hub.ts';
import { createJobIndex } from './jobs/job-index.ts';
import { jobsPath, podsPath } from './jobs/job-paths.ts';
import { loadJobTemplate } from './jobs/job-template.ts';
import type { Job, Pod, ResourceQuota } from './jobs/kubernetes-objects.ts';
import { createQueueEstimate } from './jobs/queue-estimate.ts';
import { startRecordKeeper } from './jobs/record-keeper.ts';
import { createStampClock } from './jobs/stamp-clock.ts';
import { createSubmitter } from './jobs/submit-job.ts';
import { startStubApiServer } from './stub-api-server.ts';
import type { Tier } from './tier.ts';

export interface TestTierOptions {
  tier?: Tier;
  clients?: Clients;
  maxUnfinished?: number;
  maxFinished?: number;
  /** Whether jobs are given places; they stay queued otherwise. */
  admits?: boolean;
}

const namespace = 'free-service';
export const jobs = jobsPath(namespace);
export const pods = podsPath(namespace);
export const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;

/** Starts it with a quota of 2 CPU, until the test is over. */
export async function startTestTier(options: TestTierOptions = {}) {
  const { tier = freeTier, clients = everybody, maxUnfinished = 500, maxFinished = 1_000, admits = false } = options;
  const stub = await startStubApiServer();
  const hard = { 'requests.cpu': '2', 'limits.cpu': '2' };
  stub.create(quotas, { metadata: { name: 'quota', namespace }, spec: { hard } });
  const cluster = connectToCluster({ kubeconfig: stub.kubeconfig });
  const template = loadJobTemplate(tier);
  const clock = createStampClock();
  const index = createJobIndex(tier, clock);
  const watch = { watchSeconds: 2 };
  const jobWatch = startWatchCache<Job>(cluster, { path: jobs, ...watch });
  const podWatch = startWatchCache<Pod>(cluster, { path: pods, ...watch });
  const quotaWatch = startWatchCache<ResourceQuota>(cluster, { path: quotas, ...watch });
  jobWatch.on('change', index.applyJob);
  podWatch.on('change', index.applyPod);
  const hub = createEventHub(index, { positionMs: 50, heartbeatMs: 200 });
  const estimate = createQueueEstimate(index, () => index.counts.running);
  const submit = createSubmitter({ tier, template, cluster, index, clock, estimate, maxUnfinished });
  const context = {
    ...{ tier, template, cluster, index, hub, submit, clients },
    ...{ jobWatches: [jobWatch], podWatches: [podWatch], quotaWatch },
  };
  const app = await buildApp(context);
  const stopKeeping = startRecordKeeper({ cluster, index, maxFinished, stuckAfterMs: 100 });
  const admission = admits ? startAdmission({ cluster, index, pods: podWatch, quotas: quotaWatch }) : undefined;
  onTestFinished(async () => {
    admission?.stop();
    stopKeeping();
    hub.close();
    for (const cache of [jobWatch, podWatch, quotaWatch]) cache.stop();
    await app.close();
    await cluster.close();
    await stub.stop();
  });
  await Promise.all([jobWatch.synced, podWatch.synced, quotaWatch.synced]);

  return {
    app,
    stub,
    index,
    cluster,
    template,
    podWatch,
    inject: (request: InjectOptions) => app.inject(request),
    post: (body: unknown, headers: Record<string, string> = {}, url = '/free') =>
      app.inject({ method: 'POST', url, headers, payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    /** Plays the Job controller and the kubelet: gives a job a pod in a phase, or moves its pod on. */
    putPod(job: string, status: Partial<Pod['status']> & object): void {
      const name = `${job}-pod`;
      if (stub.list(pods).some(({ metadata }) => metadata.name === name)) {
        stub.change(pods, name, { status });
        return;
      }
      const labels = { 'batch.kubernetes.io/job-name': job };
      stub.create(pods, { metadata: { name, namespace, labels }, spec: template.spec!.template.spec, status });
    },
    /** Plays the Job controller: the Job is over. */
    endJob(job: string, type: 'Complete' | 'Failed', reason?: string): void {
      stub.change(jobs, job, { status: { conditions: [{ type, status: 'True', ...(reason && { reason }) }] } });
    },
  };
}
