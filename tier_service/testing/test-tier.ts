// A tier for tests: the app and all that it stands on, against a stub of the Kubernetes API.
import { connectToCluster, startWatchCache } from '@ml-job-mesh/cluster-client';
import { type Clients, everybody } from '@ml-job-mesh/http-service';
import type { InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { startAdmission } from '../admission/admission.ts';
import { buildApp } from '../app.ts';
import { createJobIndex } from '../records/job-index.ts';
import { startRecordKeeper } from '../records/record-keeper.ts';
import { jobsPath, podsPath } from '../state/job-paths.ts';
import type { Job, Pod, ResourceQuota } from '../state/kubernetes-objects.ts';
import { loadJobTemplate } from '../submission/job-template.ts';
import { createStampClock } from '../submission/stamp-clock.ts';
import { createSubmitter } from '../submission/submit-job.ts';
import type { Tier } from '../tier.ts';
import { createEventHub } from '../views/event-hub.ts';
import { createQueueEstimate } from '../views/queue-estimate.ts';
import { startStubApiServer } from './stub-api-server.ts';

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
