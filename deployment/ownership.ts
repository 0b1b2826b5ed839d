/** By what an object is known to be the mesh's. */
import type { KubernetesObject } from '@kubernetes/client-node';

const label = 'app.kubernetes.io/part-of';
const owner = 'ml-job-mesh';

/** Selects what is the mesh's: what its manifests describe, and what its services make. */
export const ownSelector = `${label}=${owner}`;

/** Under this name a deployment's fields are on record in the objects that it has applied. */
export const fieldManager = 'ml-job-mesh';

/** Whether the object carries the mesh's label. */
export function isLabelled({ metadata }: KubernetesObject): boolean {
  return metadata?.labels?.[label] === owner;
}

/** Whether a deployment has applied the object; it has to have been read with its managed fields. */
export function wasApplied({ metadata }: KubernetesObject): boolean {
  return metadata?.managedFields?.some((one) => one.manager === fieldManager && one.operation === 'Apply') ?? false;
}

/** The objects, each with the mesh's label unless it says already what it is a part of. */
export function labelOwn(objects: KubernetesObject[]): KubernetesObject[] {
  return objects.map((object) => {
    const { metadata } = object;
    if (metadata?.labels?.[label] !== undefined) return object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata?.labels, [label]: owner } } };
  });
}

/** The kind and the name of an object, as messages name it: `ConfigMap ml-pipeline/settings`. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata?.namespace ? `${metadata.namespace}/` : ''}${metadata?.name}`;
}
