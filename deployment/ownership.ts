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

/** A controller makes and removes it, with what it belongs to. */
export function hasOwner({ metadata }: KubernetesObject): boolean {
  return (metadata?.ownerReferences?.length ?? 0) > 0;
}

/** What Kubernetes, or a controller, puts into a namespace by itself. */
export function isMadeByKubernetes(object: KubernetesObject): boolean {
  const { kind, metadata, type } = object as KubernetesObject & { type?: string };
  const labels = Object.keys(metadata?.labels ?? {});
  return (
    hasOwner(object) ||
    isDefaultAccount(object) ||
    (kind === 'ConfigMap' && metadata?.name === 'kube-root-ca.crt') ||
    (kind === 'Secret' && type === 'kubernetes.io/service-account-token') ||
    // cert-manager's, of a Certificate; the AWS Load Balancer Controller's, of a Service, an Ingress or a Gateway.
    (kind === 'Secret' && metadata?.annotations?.['cert-manager.io/certificate-name'] !== undefined) ||
    labels.some((label) => /^(ingress|service|gateway)\.k8s\.aws\//.test(label))
  );
}

/** Somebody else's. The account that each namespace has from its beginning is not: whoever has the namespace has it. */
export function isForeign(object: KubernetesObject): boolean {
  return !isLabelled(object) && !wasApplied(object) && !isDefaultAccount(object);
}

function isDefaultAccount({ kind, metadata }: KubernetesObject): boolean {
  return kind === 'ServiceAccount' && metadata?.name === 'default';
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
