import type { ClusterConnection } from './connection.ts';
import { keyOf, type WatchedObject } from './watched-object.ts';

/** Objects are listed in pages, so that a long list takes little memory and none of its answers takes long. */
const pageSize = 1_000;
/** A page that takes longer is asked for again: its connection may have died silently. */
const pageTimeoutMs = 10_000;

interface ListPage<T> {
  items: T[];
  metadata?: { resourceVersion?: string; continue?: string };
}

export interface ListOptions<T> {
  path: string;
  fieldSelector?: string | undefined;
  labelSelector?: string | undefined;
  /** What to keep of an object. */
  keep: (object: T) => T;
  /** The version at which to list; the newest if left out. */
  version?: string | undefined;
  signal?: AbortSignal;
}

/**
 * Lists a collection.
 * @returns its objects by their keys, and the version that they are of
 * @throws KubernetesError 410 when the API server no longer keeps the version that was asked for
 */
export async function listCollection<T extends WatchedObject>(cluster: ClusterConnection, options: ListOptions<T>) {
  const { path, fieldSelector, labelSelector, keep, version, signal } = options;
  const exactly = version && { resourceVersion: version, resourceVersionMatch: 'Exact' };
  const objects = new Map<string, T>();
  let page: ListPage<T> | undefined;
  do {
    const next: string | undefined = page?.metadata?.continue;
    page = await cluster.get<ListPage<T>>(path, {
      // A further page is of the same version by itself.
      query: { fieldSelector, labelSelector, limit: pageSize, ...(next ? { continue: next } : exactly) },
      signal,
      timeoutMs: pageTimeoutMs,
    });
    for (const object of page.items) objects.set(keyOf(object), keep(object));
  } while (page.metadata?.continue);
  return { objects, version: page.metadata?.resourceVersion };
}
