// A local copy of some Kubernetes objects, kept by list and watch. It is made for the faults that watches really
// have: each watch is asked to end after a few seconds, so that a connection that died silently is noticed as fast
// as one that closed, and a healthy one costs one small request per period. Now and then the whole copy is compared.
import { setTimeout } from 'node:timers/promises';
import { createBackoff } from './backoff.ts';
import { startDeadline } from './call-deadline.ts';
import type { ClusterConnection } from './connection.ts';
import { createFreshness } from './freshness.ts';
import { errorFromFault, KubernetesError } from './kubernetes-error.ts';
import { listCollection } from './list-collection.ts';
import { readBinaryEvents, readJsonEvents, type WatchEvent } from './watch-events.ts';
import { endedEarly, faultOfEvent, judgeFault, silentWatch } from './watch-faults.ts';
import { keyOf, type WatchedObject, withoutManagedFields } from './watched-object.ts';

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
  /** How often the copy is compared with the cluster, in seconds, give or take a half. */
  compareSeconds?: number;
  /** Told of each fault that the cache recovered from, listeners that throw among them (`ListenerFailed`). */
  onFault?: (error: KubernetesError) => void;
  /** Told how many objects were not as they are in the cluster, after they have been put right. */
  onDrift?: (objects: number) => void;
}

export type { WatchedObject } from './watched-object.ts';
export type ChangeType = 'added' | 'modified' | 'deleted';
type ChangeListener<T> = (type: ChangeType, object: T, previous?: T) => void;

export type WatchCache<T extends WatchedObject> = ReturnType<typeof startWatchCache<T>>;

/** A watch may be silent for its own length and this much longer before it counts as dead. */
const silenceGraceMs = 1_500;
/** The length of the first watch and of each after a fault: it soon ends, and so proves that it was alive. */
const provingSeconds = 1;
/** A comparison that takes longer, all its pages together, is left for another time. */
const comparisonTimeoutMs = 2_000;

/**
 * Lists a collection, watches it from there on and keeps a copy in memory, for ever: every fault is followed by a
 * new attempt, after a back-off with jitter of at most 2 s.
 */
export function startWatchCache<T extends WatchedObject>(cluster: ClusterConnection, options: WatchCacheOptions<T>) {
  const { path, fieldSelector, labelSelector, watchSeconds = 5, compareSeconds = 600, onFault, onDrift } = options;
  const { keep = withoutManagedFields, readBinary } = options;
  const objects = new Map<string, T>();
  const listeners = new Set<ChangeListener<T>>();
  const stopped = new AbortController();
  const listing = { path, fieldSelector, labelSelector, keep, signal: stopped.signal };
  const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
  const freshness = createFreshness(provingSeconds * 1_000);
  const { promise: synced, resolve: resolveSynced } = Promise.withResolvers<void>();
  let hasSynced = false;
  let lastFault: KubernetesError | undefined;
  let resourceVersion: string | undefined;
  let compareAt = nextComparison();
  let endWatch: (() => void) | undefined;

  function nextComparison(): number {
    return performance.now() + compareSeconds * 1_000 * (0.5 + Math.random());
  }

  function report(error: KubernetesError): void {
    try {
      onFault?.(error);
    } catch (fault) {
      process.emitWarning(fault as Error);
    }
  }

  function put(type: ChangeType, key: string, object: T): void {
    const previous = objects.get(key);
    if (type === 'deleted') objects.delete(key);
    else objects.set(key, object);
    const happened = type === 'deleted' ? type : previous ? 'modified' : 'added';
    for (const listener of listeners) {
      try {
        listener(happened, object, previous);
      } catch (cause) {
        const message = `a listener failed on ${key} of ${path}: ${(cause as Error)?.message ?? cause}`;
        report(new KubernetesError({ status: 0, reason: 'ListenerFailed', message, cause }));
      }
    }
  }

  /** Makes the copy what was listed. Gives how many objects were not so. */
  function replaceAll(present: Map<string, T>): number {
    let changed = 0;
    for (const [key, object] of objects) {
      if (present.has(key)) continue;
      changed++;
      put('deleted', key, object);
    }
    for (const [key, object] of present) {
      if (objects.get(key)?.metadata?.resourceVersion === object.metadata?.resourceVersion) continue;
      changed++;
      put('modified', key, object);
    }
    return changed;
  }

  async function list(): Promise<void> {
    const listed = await listCollection(cluster, listing);
    replaceAll(listed.objects);
    resourceVersion = listed.version;
    freshness.listed();
    hasSynced = true;
    resolveSynced();
  }

  /**
   * Compares the copy with what the collection was at the very version that it has reached, so that every difference is
   * an event that was lost. Meanwhile nothing is watched, so it may not take long.
   */
  async function compare(): Promise<void> {
    compareAt = nextComparison();
    freshness.paused();
    const { signal, clear } = startDeadline(comparisonTimeoutMs, stopped.signal);
    try {
      const listed = await listCollection(cluster, { ...listing, signal, version: resourceVersion });
      const drifted = replaceAll(listed.objects);
      if (drifted > 0) onDrift?.(drifted);
    } catch (fault) {
      // The version is no longer kept, or the server is away, which the watch will notice: another time.
      const error = errorFromFault(fault);
      if (error.status !== 410 && !stopped.signal.aborted) report(error);
    } finally {
      clear();
    }
  }

  function apply(event: WatchEvent<T>): void {
    if (event.type === 'ERROR') throw faultOfEvent(event.object as { code?: number });
    resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
    if (event.type === 'BOOKMARK') return;
    put(event.type === 'DELETED' ? 'deleted' : 'modified', keyOf(event.object), event.object);
  }

  function prove(): void {
    freshness.proved();
    lastFault = undefined;
    backoff.reset();
  }

  /** One watch, from the version reached until the server ends it. Throws when it broke or fell silent. */
  async function watch(): Promise<void> {
    if (stopped.signal.aborted) return;
    const seconds = freshness.isAlive() ? watchSeconds : Math.min(provingSeconds, watchSeconds);
    const silence = startSilenceWatchdog(seconds * 1_000 + silenceGraceMs);
    endWatch = silence.end;
    const startedAt = performance.now();
    let hasProved = false;
    try {
      const { body, isBinary } = await cluster.watch(path, {
        query: { allowWatchBookmarks: true, resourceVersion, timeoutSeconds: seconds, fieldSelector, labelSelector },
        signal: silence.signal,
        mayBeBinary: readBinary !== undefined,
      });
      freshness.opened();
      const events = isBinary && readBinary ? readBinaryEvents(body, readBinary) : readJsonEvents(body, keep);
      for await (const event of events) {
        apply(event);
        silence.heard();
        prove();
        hasProved = true;
      }
      // One that is over at once without a word may have been ended by anything on the way.
      if (!hasProved && performance.now() - startedAt < seconds * 500) throw endedEarly();
      prove();
    } finally {
      silence.stop();
    }
  }

  async function recover(fault: unknown): Promise<void> {
    const { error, wasSilent, spoilsVersion } = judgeFault(fault);
    freshness.broke(wasSilent);
    lastFault = error;
    if (spoilsVersion) resourceVersion = undefined;
    report(error);
    const askedMs = Math.min(5_000, (error.retryAfterSeconds ?? 0) * 1_000);
    await sleep(Math.max(askedMs, backoff.nextMs()), stopped.signal);
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        // A copy that has fallen behind is soonest right again by a list, and it is one chance more to find what is missing.
        if (resourceVersion === undefined || freshness.staleForMs() > 0) await list();
        else if (freshness.isAlive() && performance.now() > compareAt) await compare();
        await watch();
      } catch (fault) {
        if (!stopped.signal.aborted) await recover(fault);
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
    staleForMs: freshness.staleForMs,
    path,
    /** What keeps the watch from being healthy; undefined while it is. */
    fault: () => lastFault,
    stop(): void {
      stopped.abort();
      endWatch?.();
      listeners.clear();
    },
  };
}

/** Aborts its signal when nothing has been heard for so long. */
function startSilenceWatchdog(maxSilenceMs: number) {
  const silence = new AbortController();
  let heardAt = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - heardAt > maxSilenceMs) silence.abort(silentWatch());
  }, 500);
  return {
    signal: silence.signal,
    heard(): void {
      heardAt = performance.now();
    },
    end: () => silence.abort(),
    stop: () => clearInterval(timer),
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
