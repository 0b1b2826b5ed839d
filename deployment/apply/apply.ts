/** Applies what a kustomization describes, Jobs included, which Kubernetes lets nobody change. */
import type { KubernetesObject, V1Job } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import type { Kubectl } from '../cluster/kubectl.ts';
import { fieldManager } from '../ownership.ts';
import { isJob, renderManifests } from './render.ts';

/** A Job that the cluster has; undefined if it has none of this name. */
export type ReadJob = (namespace: string, name: string) => Promise<V1Job | undefined>;

/** Renders a kustomization's folder and applies it. */
export async function applyManifests(
  kubectl: Kubectl,
  folder: string,
  readJob: ReadJob = readJobWith(kubectl),
): Promise<void> {
  await applyObjects(kubectl, await renderManifests(kubectl, folder), readJob);
}

/**
 * Applies objects in their order; server-side, so that what they no longer say is taken back. A Job is left alone as
 * long as it is the same, whether it runs or has succeeded; one that has become another, or has failed, begins anew.
 */
export async function applyObjects(
  kubectl: Kubectl,
  objects: KubernetesObject[],
  readJob: ReadJob = readJobWith(kubectl),
): Promise<void> {
  const jobs = objects.filter(isJob);
  await removeJobs(kubectl, await findFailed(readJob, jobs));
  try {
    await serverSideApply(kubectl, objects);
  } catch (error) {
    const changed = jobs.filter((job) => isImmutable(job, error as Error));
    if (changed.length === 0) throw error;
    await removeJobs(kubectl, changed);
    await serverSideApply(kubectl, objects);
  }
}

/** Applies objects, or with `--dry-run=server` lets the API server say what that would do; gives what kubectl printed. */
export function serverSideApply(kubectl: Kubectl, objects: KubernetesObject[], ...more: string[]): Promise<string> {
  const how = ['--server-side', '--force-conflicts', `--field-manager=${fieldManager}`, ...more];
  return kubectl(['apply', ...how, '-f', '-'], toManifest(objects));
}

/** The objects as one text. */
export function toManifest(objects: KubernetesObject[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

function readJobWith(kubectl: Kubectl): ReadJob {
  return async (namespace, name) => {
    const found = await kubectl(['get', 'job', name, '-n', namespace, '-o', 'json', '--ignore-not-found']);
    return found ? (JSON.parse(found) as V1Job) : undefined;
  };
}

/** Those of the Jobs that the cluster has and that have failed. */
async function findFailed(readJob: ReadJob, jobs: V1Job[]): Promise<V1Job[]> {
  const found = await Promise.all(jobs.map(({ metadata }) => readJob(metadata!.namespace!, metadata!.name!)));
  return jobs.filter((_, index) => hasFailed(found[index]));
}

/** Whether a Job has failed for good. */
export function hasFailed(job?: V1Job): boolean {
  return job?.status?.conditions?.some(({ type, status }) => type === 'Failed' && status === 'True') ?? false;
}

/** Removes Jobs; their pods follow. Two runs at once do no harm, so nobody waits for those. */
async function removeJobs(kubectl: Kubectl, jobs: V1Job[]): Promise<void> {
  for (const job of jobs) {
    const place = ['job', job.metadata!.name!, '-n', job.metadata!.namespace!];
    await kubectl(['delete', ...place, '--cascade=background', '--ignore-not-found', '--timeout=60s']);
  }
}

/** Whether it is this Job that the API server did not let be changed. */
export function isImmutable({ metadata }: V1Job, { message }: Error): boolean {
  return message.includes(`The Job "${metadata!.name}" is invalid`) && message.includes('field is immutable');
}
