/**
 * What the page knows from a stream of events: one connection for all who look at it. What was known stays while the
 * connection is lost, so lists neither flash nor jump.
 */
import type { ServerSentEvent } from '@ml-job-mesh/mesh-client/event-stream.ts';
import { useCallback, useSyncExternalStore } from 'react';
import { unreachable } from '../api/api-error.ts';
import { onKeyChange, readKeyState } from '../api/api-key.ts';
import { call } from '../api/client.ts';
import { type Connection, followStream } from './follow-stream.ts';

/** A stream, and what its events add up to. */
export interface LiveResource<T> {
  path: string;
  /** Gives the state after an event; the same object where nothing changed. */
  reduce: (state: T | undefined, event: ServerSentEvent) => T | undefined;
}

export interface Live<T> {
  data: T | undefined;
  connection: Connection;
}

interface Entry {
  live: Live<unknown>;
  listeners: Set<() => void>;
  stop: AbortController | undefined;
  closing: ReturnType<typeof setTimeout> | undefined;
}

/** A stream that nobody looks at any more stays open for so long: most often somebody comes back. */
const lingerMs = 5_000;
/** A page that is hidden gives its connections back: a browser has six for each host, in all its tabs. */
const hiddenMs = 5_000;

const entries = new Map<string, Entry>();
const onAnyChange = new Set<() => void>();
let wakeUps = new AbortController();
let cuts = new AbortController();

/** What a stream says, live for as long as the component is there. */
export function useLive<T>(resource: LiveResource<T>): Live<T> {
  const { path } = resource;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a path names its resource
  const subscribe = useCallback((listener: () => void) => subscribeTo(resource, listener), [path]);
  return useSyncExternalStore(subscribe, () => entryOf(path).live) as Live<T>;
}

/** The connections of all streams that are looked at. */
export function useConnections(): Connection[] {
  const text = useSyncExternalStore(subscribeToAll, () => JSON.stringify(listConnections()));
  return JSON.parse(text);
}

/** Changes what is known of a stream at once, before the stream says so: for what the user did here. */
export function foresee<T>({ path }: LiveResource<T>, change: (state: T | undefined) => T | undefined): void {
  const entry = entries.get(path);
  if (entry) update(entry, { ...entry.live, data: change(entry.live.data as T | undefined) });
}

function entryOf(path: string): Entry {
  const found = entries.get(path);
  if (found) return found;
  const live = { data: undefined, connection: { state: 'connecting' } as const };
  const entry = { live, listeners: new Set<() => void>(), stop: undefined, closing: undefined };
  entries.set(path, entry);
  return entry;
}

function subscribeTo<T>(resource: LiveResource<T>, listener: () => void): () => void {
  const entry = entryOf(resource.path);
  entry.listeners.add(listener);
  clearTimeout(entry.closing);
  if (!entry.stop) start(entry, resource);
  notify(onAnyChange);
  return () => {
    entry.listeners.delete(listener);
    if (entry.listeners.size > 0) return;
    entry.closing = setTimeout(() => {
      entry.stop?.abort();
      entry.stop = undefined;
    }, lingerMs);
    notify(onAnyChange);
  };
}

function start<T>(entry: Entry, { path, reduce }: LiveResource<T>): void {
  const stop = new AbortController();
  entry.stop = stop;
  void followStream({
    signal: stop.signal,
    open: async (headers, signal) => {
      await untilVisible(signal);
      return call(path, { headers, signal: AbortSignal.any([signal, cuts.signal]), cache: 'no-store' });
    },
    pause,
    onEvent: (event) => update(entry, { ...entry.live, data: reduce(entry.live.data as T | undefined, event) }),
    onConnection: (connection) => update(entry, { ...entry.live, connection }),
  });
}

function update(entry: Entry, live: Live<unknown>): void {
  if (live.data === entry.live.data && live.connection === entry.live.connection) return;
  entry.live = live;
  notify(entry.listeners);
  notify(onAnyChange);
}

function listConnections(): Connection[] {
  return [...entries.values()].filter(({ listeners }) => listeners.size > 0).map(({ live }) => live.connection);
}

function subscribeToAll(listener: () => void): () => void {
  onAnyChange.add(listener);
  return () => onAnyChange.delete(listener);
}

function notify(listeners: Set<() => void>): void {
  for (const listener of listeners) listener();
}

/** Waits, but no longer than until there is reason to hope: the network is back, the page is seen, a key was given. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const either = AbortSignal.any([signal, wakeUps.signal]);
  either.addEventListener('abort', () => resolve(), { once: true });
  if (either.aborted) resolve();
  return promise.finally(() => clearTimeout(timer));
}

/** Watches for what concerns all streams: the network, whether the page is seen, and the API key. Called once. */
export function watchSurroundings(): void {
  let hiding: ReturnType<typeof setTimeout> | undefined;
  let { key } = readKeyState();
  addEventListener('online', wake);
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(cutAll, hiddenMs);
    else wake();
  });
  onKeyChange(() => {
    if (key === readKeyState().key) return;
    key = readKeyState().key;
    // What one client may see is not the next one's.
    for (const entry of entries.values()) update(entry, { ...entry.live, data: undefined });
    cutAll();
    wake();
  });
}

/** Lets go of every connection; those that are looked at are made anew. */
function cutAll(): void {
  cuts.abort(unreachable());
  cuts = new AbortController();
}

function wake(): void {
  wakeUps.abort();
  wakeUps = new AbortController();
}

async function untilVisible(signal: AbortSignal): Promise<void> {
  while (document.hidden) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    await promise;
  }
}
