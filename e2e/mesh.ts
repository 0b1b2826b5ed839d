// What every end-to-end test needs of the running mesh. Everything goes the way that a user's request goes: to Envoy.

import type { V1Deployment } from '@kubernetes/client-node';
import { connectToCluster, startWatchCache } from '@ml-job-mesh/cluster-client';
import { annotation } from '@ml-job-mesh/tier-service/state/annotations.ts';
import { jobsPath, podsPath } from '@ml-job-mesh/tier-service/state/job-paths.ts';
import type { JobStatus } from '@ml-job-mesh/tier-service/state/job-status.ts';
import { isTerminal, type Job as KubernetesJob, type Pod } from '@ml-job-mesh/tier-service/state/kubernetes-objects.ts';
import type { Job } from '@ml-job-mesh/tier-service/views/job-view.ts';
import { inject, onTestFinished, vi } from 'vitest';
import type {} from './provided-context.ts';

export type TierName = 'free' | 'premium';
export type SubmittedJob = Job & { job_name: string; namespace: string };

/** What `/config` answers. */
export interface Config {
  pods: { node: string | null; ip: string | null; namespace: string; name: string; status: string }[];
}

export const { front, grader, kubeconfig } = inject('mesh');
export const cluster = connectToCluster({ kubeconfig });
export const jobNamespaces = ['free-service', 'premium-service', 'default'];

/** Asks the front proxy. */
export function ask(path: string, options: RequestInit = {}): Promise<Response> {
  return fetch(front + path, options);
}

/** The JSON of an answer of the front proxy, whatever its status. */
export async function askJson<T>(path: string, options: RequestInit = {}): Promise<T> {
  return (await (await ask(path, options)).json()) as T;
}

/** Posts a job, and fails unless it was taken. */
export async function post(path: string, fields: object, headers: Record<string, string> = {}): Promise<SubmittedJob> {
  const answer = await ask(path, {
    method: 'POST',
    body: JSON.stringify(fields),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`POST ${path} was answered ${answer.status}: ${body}`);
  return JSON.parse(body);
}

/** Waits until a job has one of these statuses; gives the job. */
export function waitForStatus(id: string, ...statuses: JobStatus[]): Promise<Job> {
  const tier = id.split('-')[0];
  return vi.waitFor(
    async () => {
      const job = await askJson<Job>(`/${tier}/jobs/${id}`);
      if (statuses.includes(job.status)) return job;
      throw new Error(`${id} is ${job.status}: ${JSON.stringify(job)}`);
    },
    { timeout: 90_000, interval: 100 },
  );
}

/** Removes every job, so that a test begins with an empty mesh. */
export async function clearJobs(): Promise<void> {
  for (const tier of ['free', 'premium']) {
    const answer = await ask(`/${tier}/jobs?all=true`, { method: 'DELETE' });
    const body = await answer.text();
    if (answer.status !== 200) throw new Error(`clearing ${tier} was answered ${answer.status}: ${body}`);
  }
  await vi.waitFor(
    async () => {
      const left = (await Promise.all(jobNamespaces.map((namespace) => listPods(namespace)))).flat();
      if (left.length) throw new Error(`${left.length} pods are left: ${JSON.stringify(left)}`);
    },
    { timeout: 30_000, interval: 200 },
  );
}

/** The pods of a namespace that belong to Jobs. */
export async function listPods(namespace: string): Promise<Pod[]> {
  const { items } = await cluster.get<{ items: Pod[] }>(podsPath(namespace));
  return items.filter(({ metadata }) => metadata?.labels?.['batch.kubernetes.io/job-name']);
}

export async function listJobs(namespace: string): Promise<KubernetesJob[]> {
  return (await cluster.get<{ items: KubernetesJob[] }>(jobsPath(namespace))).items;
}

/** The image of the Jobs of a tier, as its Deployment names it. */
export async function jobImageOf(tier: TierName): Promise<string | undefined> {
  const path = `/apis/apps/v1/namespaces/${tier}-tier/deployments/${tier}-tier`;
  const { spec } = await cluster.get<V1Deployment>(path);
  return spec!.template.spec!.containers.flatMap(({ env }) => env ?? []).find(({ name }) => name === 'JOB_IMAGE')
    ?.value;
}

/** Watches the pods of a namespace for the rest of the test: how many live at a time, and when each came and ended. */
export async function observePods(namespace: string) {
  const pods = startWatchCache<Pod>(cluster, { path: podsPath(namespace) });
  onTestFinished(() => pods.stop());
  await pods.synced;
  const observed = { mostLive: 0, history: [] as { at: number; live: number }[], order: [] as string[] };
  pods.on('change', (type, pod) => {
    const live = [...pods.values()].filter((candidate) => !isTerminal(candidate)).length;
    observed.mostLive = Math.max(observed.mostLive, live);
    observed.history.push({ at: performance.now(), live });
    if (type === 'added') observed.order.push(pod.metadata!.labels!['batch.kubernetes.io/job-name']!);
  });
  return observed;
}

/** Watches the Jobs of a namespace for the rest of the test: each outcome that is written on each Job, in order. */
export async function observeOutcomes(namespace: string): Promise<Map<string, string[]>> {
  const jobs = startWatchCache<KubernetesJob>(cluster, { path: jobsPath(namespace) });
  onTestFinished(() => jobs.stop());
  await jobs.synced;
  const outcomes = new Map<string, string[]>();
  jobs.on('change', (_, { metadata }) => {
    const outcome = metadata?.annotations?.[annotation.outcome];
    const seen = outcomes.get(metadata!.name!) ?? [];
    if (outcome !== undefined && seen.at(-1) !== outcome) outcomes.set(metadata!.name!, [...seen, outcome]);
  });
  return outcomes;
}
