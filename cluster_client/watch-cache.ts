// A local copy of some Kubernetes objects, kept by list and watch. It is made for the faults that watches really
// have: each watch is asked to end after a few seconds, so that a connection that died silently is noticed as fast
// as one that closed, and a healthy one costs one small request per period.
import { setTimeout } from 'node:timers/promises';
import { createBackoff } from './backoff.ts';
import type { ClusterConnection } from './connection.ts';
import { errorFromAnswer, errorFromFault, KubernetesError } from './kubernetes-error.ts';
import { readBinaryEvents, readJsonEvents, type WatchEvent } from './watch-events.ts';

/** Any object of the Kubernetes API. */
export interface WatchedObject {
  metadata?:
    | {
        namespace?: string | undefined;
        name?: string | undefined;
        resourceVersion?: string | undefined;
        managedFields?: unknown;
      }
    | undefined;
}

export interface WatchCacheOptions<T extends WatchedObject> {
  /** The collection's path, e.g. `/apis/batch/v1/namespaces/free-service/jobs`. */
  path: string;
  fieldSelector?: string;
  labelSelector?: string;
  /** What to keep of an object, to save memory; all of it but `managedFields` if left out. */
  keep?: (object: T) => T;
  /**
   * Reads what is kept of an object in Kubernetes' binary form. With it the events of the watch are asked for in that
   * form: the API server makes it once for all who watch, its own controllers among them, and it is shorter.
   */
  readBinary?: (bytes: Uint8Array) => T;
  /** After how long a watch ends and is begun again where it was, in seconds. */
  watchSeconds?: number | undefined;
  /** Told of each fault that a watch recovered from. */
  onFault?: (error: KubernetesError) => void;
}

export type ChangeType = 'added' | 'modified' | 'deleted';
type ChangeListener<T> = (type: ChangeType, object: T, previous?: T) => void;

export type WatchCache<T extends WatchedObject> = ReturnType<typeof startWatchCache<T>>;

/** A watch may be silent for its own length and this much longer before it counts as dead. */
const silenceGraceMs = 1_500;
/** A reconnection that is over sooner than this was never noticed by anyone. */
const reconnectGraceMs = 1_000;

/** Objects are listed in pages, so that a long list takes little memory and none of its answers takes long. */
const pageSize = 1_000;
/** A page that takes longer is asked for again: its connection may have died silently. */
const pageTimeoutMs = 5_000;

interface ListPage<T> {
  items: T[];
  metadata?: { resourceVersion?: string; continue?: string };
}

/**
 * Lists a collection, watches it from there on and keeps a copy in memory, for ever: every fault is followed by a
 * new attempt, after a back-off with jitter of at most 2 s.
 */
export function startWatchCache<T extends WatchedObject>(cluster: ClusterConnection, options: WatchCacheOptions<T>) {
  const { path, fieldSelector, labelSelector, watchSeconds = 5, onFault } = options;
  const { keep = withoutManagedFields, readBinary } = options;
  const objects = new Map<string, T>();
  const listeners = new Set<ChangeListener<T>>();
  const stopped = new AbortController();
  const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
  const { promise: synced, resolve: resolveSynced } = Promise.withResolvers<void>();
  let hasSynced = false;
  let resourceVersion: string | undefined;
  let lastSignOfLife = 0;
  let brokenSince: number | undefined = performance.now();

  function put(type: ChangeType, key: string, object: T): void {
    const previous = objects.get(key);
    if (type === 'deleted') objects.delete(key);
    else objects.set(key, object);
    const happened = type === 'deleted' ? type : previous ? 'modified' : 'added';
    for (const listener of listeners) listener(happened, object, previous);
  }

  function markAlive(): void {
    lastSignOfLife = performance.now();
    brokenSince = undefined;
    backoff.reset();
  }

  async function list(): Promise<void> {
    const present = new Map<string, T>();
    let page: ListPage<T> | undefined;
    do {
      page = await cluster.get<ListPage<T>>(path, {
        query: { fieldSelector, labelSelector, limit: pageSize, continue: page?.metadata?.continue },
        signal: stopped.signal,
        timeoutMs: pageTimeoutMs,
      });
      for (const object of page.items) present.set(keyOf(object), keep(object));
    } while (page.metadata?.continue);

    for (const [key, object] of objects) if (!present.has(key)) put('deleted', key, object);
    for (const [key, object] of present) {
      if (objects.get(key)?.metadata?.resourceVersion !== object.metadata?.resourceVersion)
        put('modified', key, object);
    }
    resourceVersion = page.metadata?.resourceVersion;
    hasSynced = true;
    resolveSynced();
  }

  function apply(event: WatchEvent<T>): void {
    if (event.type === 'ERROR') {
      const status = event.object as { code?: number };
      throw errorFromAnswer(status.code ?? 500, JSON.stringify(event.object));
    }
    resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
    if (event.type === 'BOOKMARK') return;
    put(event.type === 'DELETED' ? 'deleted' : 'modified', keyOf(event.object), event.object);
  }

  /** One watch, from the version reached until the server ends it. Throws when it broke or fell silent. */
  async function watch(): Promise<void> {
    const silence = new AbortController();
    const maxSilenceMs = watchSeconds * 1_000 + silenceGraceMs;
    const watchdog = setInterval(() => {
      if (performance.now() - lastSignOfLife > maxSilenceMs)
        silence.abort(new KubernetesError({ status: 0, reason: 'Timeout', message: 'the watch fell silent' }));
    }, 500);
    try {
      const { body, isBinary } = await cluster.watch(path, {
        query: {
          allowWatchBookmarks: true,
          resourceVersion,
          timeoutSeconds: watchSeconds,
          fieldSelector,
          labelSelector,
        },
        signal: AbortSignal.any([stopped.signal, silence.signal]),
        mayBeBinary: readBinary !== undefined,
      });
      markAlive();
      const events = isBinary && readBinary ? readBinaryEvents(body, readBinary) : readJsonEvents(body, keep);
      for await (const event of events) {
        apply(event);
        markAlive();
      }
    } finally {
      clearInterval(watchdog);
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if (resourceVersion === undefined) await list();
        lastSignOfLife = performance.now();
        await watch();
      } catch (fault) {
        if (stopped.signal.aborted) return;
        const error = errorFromFault(fault);
        brokenSince ??= performance.now();
        if (error.status === 410) resourceVersion = undefined;
        onFault?.(error);
        const askedMs = Math.min(5_000, (error.retryAfterSeconds ?? 0) * 1_000);
        await sleep(Math.max(askedMs, backoff.nextMs()), stopped.signal);
      }
    }
  }
  void run();

  return {
    /** Settles once the collection has been listed for the first time. */
    synced,
    hasSynced: () => hasSynced,
    get: (namespace: string, name: string): T | undefined => objects.get(`${namespace}/${name}`),
    values: (): IterableIterator<T> => objects.values(),
    size: () => objects.size,
    /** Calls the listener on every change from now on; what it returns ends that. */
    on(_: 'change', listener: ChangeListener<T>): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /**
     * For how long the copy may have been out of date, in milliseconds: 0 while the watch is healthy, also during an
     * ordinary reconnection; Infinity before the first list.
     */
    staleForMs(): number {
      if (!hasSynced) return Number.POSITIVE_INFINITY;
      if (brokenSince === undefined) return 0;
      const brokenForMs = performance.now() - brokenSince;
      return brokenForMs < reconnectGraceMs ? 0 : brokenForMs;
    },
    stop(): void {
      stopped.abort();
      listeners.clear();
    },
  };
}

/** Who wrote which field when: nobody here asks, and it would be a third of what is kept of a Job. */
function withoutManagedFields<T extends WatchedObject>(object: T): T {
  delete object.metadata?.managedFields;
  return object;
}

function keyOf({ metadata }: WatchedObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
