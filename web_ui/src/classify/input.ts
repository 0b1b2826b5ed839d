/** What is to be classified, kept while other tabs are looked at, with a way back. */
import { useSyncExternalStore } from 'react';
import type { Drawing } from './strokes.ts';

export type Input =
  | { kind: 'nothing' }
  | { kind: 'drawing'; drawing: Drawing }
  /** `sample` is its place in the address, for one of a model's own. */
  | { kind: 'image'; blob: Blob; name: string; sample?: string };

export const nothing: Input = { kind: 'nothing' };
const mostSteps = 200;

let present: Input = nothing;
let past: Input[] = [];
const listeners = new Set<() => void>();

export const readInput = (): Input => present;
export const canUndo = (): boolean => past.length > 0;

/** Puts something in the place of what was there, which `undo` brings back. */
export function setInput(next: Input): void {
  past = [...past, present].slice(-mostSteps);
  replaceInput(next);
}

/** Goes on with what is there: the way back leads to what was before it. */
export function replaceInput(next: Input): void {
  present = next;
  for (const listener of listeners) listener();
}

/** Brings back what was there before. */
export function undo(): void {
  const before = past.at(-1);
  if (!before) return;
  past = past.slice(0, -1);
  replaceInput(before);
}

export function useInput(): Input {
  return useSyncExternalStore(subscribe, readInput);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
