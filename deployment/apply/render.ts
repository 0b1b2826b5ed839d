/** What a kustomization describes, made ready to be applied. */
import { createHash } from 'node:crypto';
import type { KubernetesObject, V1ConfigMap, V1Container, V1Job } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import type { Kind } from '../cluster/inventory.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { labelOwn } from '../ownership.ts';

/** Each kind after what it needs; others come last. */
const order = [
  'Namespace',
  'PriorityClass',
  'LimitRange',
  'ResourceQuota',
  'NetworkPolicy',
  'ConfigMap',
  'Secret',
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

/**
 * The objects of a kustomization's folder: labelled as the mesh's, and each after what it needs. With the cluster's kinds,
 * every object of a namespace names it.
 */
export async function renderManifests(
  kubectl: Kubectl,
  folder: string,
  kinds: Kind[] = [],
): Promise<KubernetesObject[]> {
  const documents = parseAllDocuments(await kubectl(['kustomize', folder]));
  const rendered = documents.map((document) => document.toJS() as KubernetesObject);
  return inOrder(labelOwn(stampSettings(nameNamespaces(rendered, kinds))));
}

/**
 * The objects, with the namespace `default` where they name none and their kind has one. Otherwise they would not be
 * recognized in what the cluster gives back.
 */
export function nameNamespaces(objects: KubernetesObject[], kinds: Kind[]): KubernetesObject[] {
  const isNamespaced = ({ apiVersion, kind }: KubernetesObject) =>
    kinds.some((one) => one.isNamespaced && one.kind === kind && groupOf(one.apiVersion) === groupOf(apiVersion));
  return objects.map((object) => {
    if (object.metadata?.namespace || !isNamespaced(object)) return object;
    return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
  });
}

/** The group of an apiVersion, whichever version it is; the core's is empty. */
export function groupOf(apiVersion = ''): string {
  return apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
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

/** Whether the object is a Job. */
export function isJob(object: KubernetesObject): object is V1Job {
  return object.kind === 'Job';
}
