/** Through what clients from outside come in. While the services change, nothing more may be open than before. */
import type { KubernetesObject, V1Service } from '@kubernetes/client-node';

const entranceKinds = /^(Ingress|Gateway|(HTTP|GRPC|TLS|TCP|UDP)Route)$/;

/** Whether the object lets clients in from outside the cluster. */
export function isEntrance(object: KubernetesObject): boolean {
  if (entranceKinds.test(object.kind ?? '')) return true;
  const type = object.kind === 'Service' ? (object as V1Service).spec?.type : undefined;
  return type === 'LoadBalancer' || type === 'NodePort';
}

/**
 * Whether an entrance that may be public now would no longer be. Controllers get to that at some time after it was applied,
 * and until then the old load balancer stays.
 */
export function isClosed(before: KubernetesObject, after: KubernetesObject): boolean {
  return isPublic(before) && !isPublic(after);
}

/** Without a cloud's word that it is not, an entrance has to be taken for public. */
function isPublic(object: KubernetesObject): boolean {
  return isEntrance(object) && !isInternal(object);
}

/** Whether it is reached from inside its network alone: clouds have annotations for that, which they also put as a scheme. */
export function isInternal({ metadata }: KubernetesObject): boolean {
  const annotations = Object.entries(metadata?.annotations ?? {});
  return annotations.some(([name, value]) => /^internal$/i.test(value) || (/internal$/.test(name) && value === 'true'));
}
