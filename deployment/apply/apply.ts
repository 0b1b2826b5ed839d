/** Applies what a kustomization describes, Jobs included, which Kubernetes lets nobody change. */
import { createHash } from 'node:crypto';
import type { KubernetesObject, V1ConfigMap, V1Container, V1Job } from '@kubernetes/client-node';
import { parseAllDocuments, stringify } from 'yaml';
import type { Kubectl } from '../cluster/kubectl.ts';

/** Each kind after what it needs; others come last. */
const order = [
  'Namespace',
  'PriorityClass',
  'ResourceQuota',
  'LimitRange',
  'ConfigMap',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'NetworkPolicy',
  'Job',
  'Service',
  'DaemonSet',
  'Deployment',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Ingress',
];

/** Of a Job's pods: a hash of the settings in ConfigMaps, so that a Job with other settings is another Job. */
const settingsAnnotation = 'ml-job-mesh.io/settings';

/** A Job that the cluster has; undefined if it has none of this name. */
export type ReadJob = (namespace: string, name: string) => Promise<V1Job | undefined>;

/**
 * Applies a kustomization's folder; server-side, so that what it no longer says is taken back. A Job is left alone as
 * long as it is the same, whether it runs or has succeeded; one that has become another, or has failed, begins anew.
 */
export async function applyManifests(
  kubectl: Kubectl,
  folder: string,
  readJob: ReadJob = readJobWith(kubectl),
): Promise<void> {
  const rendered = parseAllDocuments(await kubectl(['kustomize', folder]));
  const objects = stampSettings(rendered.map((document) => document.toJS() as KubernetesObject));
  const manifest = inOrder(objects)
    .map((object) => stringify(object))
    .join('---\n');
  const jobs = objects.filter(isJob);
  await removeJobs(kubectl, await findFailed(readJob, jobs));
  try {
    await apply(kubectl, manifest);
  } catch (error) {
    const changed = jobs.filter((job) => isChanged(job, error as Error));
    if (changed.length === 0) throw error;
    await removeJobs(kubectl, changed);
    await apply(kubectl, manifest);
  }
}

async function apply(kubectl: Kubectl, manifest: string): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=ml-job-mesh', '-f', '-'], manifest);
}

/** The objects, each after what it needs. */
export function inOrder(objects: KubernetesObject[]): KubernetesObject[] {
  const rank = ({ kind = '' }: KubernetesObject) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  return objects.toSorted((one, other) => rank(one) - rank(other));
}

/** The objects, with a mark on each Job's pods of what they read from ConfigMaps among the objects. */
export function stampSettings(objects: KubernetesObject[]): KubernetesObject[] {
  return objects.map((object) => {
    if (!isJob(object)) return object;
    const template = object.spec!.template;
    const settings = template.spec!.containers.flatMap((container) => readSettings(container, object, objects));
    if (settings.length === 0) return object;
    const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
    const annotations = { ...template.metadata?.annotations, [settingsAnnotation]: hash };
    const stamped = { ...template, metadata: { ...template.metadata, annotations } };
    return { ...object, spec: { ...object.spec, template: stamped } };
  });
}

function readSettings({ env = [], envFrom = [] }: V1Container, { metadata }: V1Job, objects: KubernetesObject[]) {
  const dataOf = (name?: string) => {
    const found = objects.find(
      (object) =>
        object.kind === 'ConfigMap' &&
        object.metadata?.name === name &&
        object.metadata?.namespace === metadata?.namespace,
    );
    return (found as V1ConfigMap | undefined)?.data ?? {};
  };
  const single = env.flatMap(({ name, valueFrom }) => {
    const { name: map, key } = valueFrom?.configMapKeyRef ?? {};
    return key === undefined ? [] : [[name, dataOf(map)[key]]];
  });
  return [...single, ...envFrom.flatMap(({ configMapRef }) => Object.entries(dataOf(configMapRef?.name)))];
}

function isJob(object: KubernetesObject): object is V1Job {
  return object.kind === 'Job';
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
  const hasFailed = (job?: V1Job) =>
    job?.status?.conditions?.some(({ type, status }) => type === 'Failed' && status === 'True') ?? false;
  return jobs.filter((_, index) => hasFailed(found[index]));
}

/** Removes Jobs; their pods follow. Two runs at once do no harm, so nobody waits for those. */
async function removeJobs(kubectl: Kubectl, jobs: V1Job[]): Promise<void> {
  for (const job of jobs) {
    const place = ['job', job.metadata!.name!, '-n', job.metadata!.namespace!];
    await kubectl(['delete', ...place, '--cascade=background', '--ignore-not-found', '--timeout=60s']);
  }
}

/** Whether it is this Job that the API server did not let be changed. */
function isChanged({ metadata }: V1Job, { message }: Error): boolean {
  return message.includes(`The Job "${metadata!.name}" is invalid`) && message.includes('field is immutable');
}
