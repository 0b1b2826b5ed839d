// A tier for tests: all of it, put together as the service does it, against a stub of the Kubernetes API.
import { type Clients, everybody } from '@ml-job-mesh/http-service';
import type { InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { freeTier } from '../../free_service/app/tier.ts';
import { composeTier } from '../compose-tier.ts';
import { jobsPath, podsPath } from '../state/job-paths.ts';
import type { Pod } from '../state/kubernetes-objects.ts';
import type { Tier } from '../tier.ts';
import { startStubApiServer } from './stub-api-server.ts';

export interface TestTierOptions {
  tier?: Tier;
  clients?: Clients;
  maxUnfinished?: number;
  maxUnfinishedPerClient?: number;
  maxFinished?: number;
  /** Whether the quota has room for two jobs, or for none, so that they stay queued. */
  admits?: boolean;
}

const namespace = 'free-service';
export const jobs = jobsPath(namespace);
export const pods = podsPath(namespace);
export const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;

/** Short, so that no test waits for long. */
const timings = {
  ...{ watchSeconds: 2, heartbeatMs: 200, positionMs: 50, changesMs: 20, stuckAfterMs: 100 },
  logs: { silenceMs: 2_000, overGraceMs: 300, turnMs: 2_000, giveUpMs: 3_000 },
};

/** Starts it, until the test is over. */
export async function startTestTier(options: TestTierOptions = {}) {
  const {
    tier = freeTier,
    clients = everybody,
    maxUnfinished = 500,
    maxUnfinishedPerClient = 100,
    maxFinished = 1_000,
    admits = false,
  } = options;
  const stub = await startStubApiServer();
  const cpu = admits ? '2' : '0';
  const hard = { 'requests.cpu': cpu, 'limits.cpu': cpu };
  stub.create(quotas, { metadata: { name: 'quota', namespace }, spec: { hard } });
  const { kubeconfig } = stub;
  const running = await composeTier({
    tier,
    clients,
    maxUnfinished,
    maxUnfinishedPerClient,
    maxFinished,
    kubeconfig,
    timings,
  });
  const { app, index, hub, listReaders, cluster, template } = running;
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= running.stop());
  onTestFinished(async () => {
    await stop();
    await stub.stop();
  });
  await running.synced;

  return {
    app,
    stub,
    index,
    hub,
    listReaders,
    cluster,
    template,
    stop,
    submit: running.submit,
    metrics: running.metrics,
    jobWatch: running.jobWatches[0]!,
    podWatch: running.podWatches[0]!,
    inject: (request: InjectOptions) => app.inject(request),
    post: (body: unknown, headers: Record<string, string> = {}, url = '/free') =>
      app.inject({ method: 'POST', url, headers, payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    /** Plays the Job controller and the kubelet: gives a job a pod in a phase, or moves its pod on. */
    putPod(job: string, status: Partial<Pod['status']> & object, name = `${job}-pod`): void {
      if (stub.has(pods, name)) {
        stub.change(pods, name, { status });
        return;
      }
      const { uid } = stub.find(jobs, job).metadata;
      const metadata = {
        ...{ name, namespace, labels: { 'batch.kubernetes.io/controller-uid': uid } },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job, uid, controller: true }],
      };
      stub.create(pods, { metadata, spec: template.spec!.template.spec, status });
    },
    /** Plays the Job controller: the Job is over. */
    endJob(job: string, type: 'Complete' | 'Failed', reason?: string): void {
      stub.change(jobs, job, { status: { conditions: [{ type, status: 'True', ...(reason && { reason }) }] } });
    },
  };
}
