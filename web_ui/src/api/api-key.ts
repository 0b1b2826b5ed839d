/** The API key, kept for this tab, and whether one is asked for. Where keys are off, nobody is asked. */
import { useSyncExternalStore } from 'react';

export interface KeyState {
  key: string | undefined;
  /** Something was refused for want of a key; true until one is given. */
  isNeeded: boolean;
  /** The key that was given is not known to the mesh. */
  isUnknown: boolean;
}

const storageKey = 'api-key';
const listeners = new Set<() => void>();
let state: KeyState = { key: readStored(), isNeeded: false, isUnknown: false };

export const readKeyState = (): KeyState => state;

/** Keeps a key for this tab; whoever listens repeats what was refused. */
export function giveKey(key: string): void {
  try {
    sessionStorage.setItem(storageKey, key);
  } catch {
    // Storage is switched off: the key lasts as long as the page.
  }
  change({ key, isNeeded: false, isUnknown: false });
}

/** Forgets the key. */
export function forgetKey(): void {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // It was never stored.
  }
  change({ key: undefined, isNeeded: false, isUnknown: false });
}

/** A call was refused with 401. @param sent the key it was sent with; another may have been given meanwhile */
export function refuseKey(sent: string | undefined): void {
  if (sent === state.key && !state.isNeeded) change({ ...state, isNeeded: true, isUnknown: sent !== undefined });
}

/** Calls back at every change. Gives what ends that. */
export function onKeyChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useKeyState(): KeyState {
  return useSyncExternalStore(onKeyChange, readKeyState);
}

/** The headers that carry the key. */
export function keyHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

function change(next: KeyState): void {
  state = next;
  for (const listener of listeners) listener();
}

function readStored(): string | undefined {
  try {
    return sessionStorage.getItem(storageKey) ?? undefined;
  } catch {
    return undefined;
  }
}
