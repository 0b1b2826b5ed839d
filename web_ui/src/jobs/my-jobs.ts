/** Which jobs were started in this browser. Kept here alone: the mesh does not know its users unless keys are on. */
import { useSyncExternalStore } from 'react';

const storageKey = 'my-jobs';
const mostKept = 500;
const listeners = new Set<() => void>();
let ids: ReadonlySet<string> = readStored();

/** Notes that a job was started here. */
export function rememberMine(id: string): void {
  ids = new Set([...readStored(), ...ids, id].slice(-mostKept));
  try {
    localStorage.setItem(storageKey, JSON.stringify([...ids]));
  } catch {
    // Storage is switched off or full: it is known for as long as the page.
  }
  notify();
}

/** The ids of the jobs that were started here, in whichever of its tabs. */
export function useMine(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => ids);
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('storage', readAgain);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('storage', readAgain);
  };
}

function readAgain({ key }: StorageEvent): void {
  if (key !== storageKey) return;
  ids = readStored();
  notify();
}

function notify(): void {
  for (const listener of listeners) listener();
}

function readStored(): ReadonlySet<string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return new Set(Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : []);
  } catch {
    return new Set();
  }
}
