/** In which fields two versions of an object differ, as far as somebody who applies manifests decides them. */
import type { KubernetesObject } from '@kubernetes/client-node';

/** What the API server keeps in the metadata for itself. */
const serversOwn = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];

/** The paths of the fields that differ: `spec.template.spec.containers[0].image`. Empty if none does. */
export function findDifferences(before: KubernetesObject, after: KubernetesObject): string[] {
  return comparePaths(strip(before), strip(after), '');
}

function strip(object: KubernetesObject): object {
  const { status: _, metadata, ...rest } = object as KubernetesObject & { status?: unknown };
  const kept = Object.entries(metadata ?? {}).filter(([name]) => !serversOwn.includes(name));
  return { ...rest, metadata: Object.fromEntries(kept) };
}

function comparePaths(before: unknown, after: unknown, path: string): string[] {
  if (!isBranch(before) || !isBranch(after)) return before === after ? [] : [path];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const step = Array.isArray(before) || Array.isArray(after) ? `[${name}]` : path ? `.${name}` : name;
    return comparePaths(before[name], after[name], `${path}${step}`);
  });
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
