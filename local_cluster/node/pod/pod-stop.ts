// Stopping the containers of a pod: hooks, SIGTERM, patience, SIGKILL; sidecars after what they served.
import { setTimeout } from 'node:timers/promises';
import { runHook } from '../container/container-hooks.ts';
import type { PodContainer } from '../container/pod-container.ts';
import type { AddressPair } from '../network/addresses.ts';

/** How long containers may take to end. */
export interface Patience {
  /** When it ends (epoch ms). */
  readonly deadline: number;
  /** What a container has after SIGTERM all the same, where its hook or the containers before it have used up the rest. */
  readonly leastMs: number;
}

export const noPatience: Patience = { deadline: 0, leastMs: 0 };
/** As kubelet has it. */
const leastPatienceMs = 2_000;
/** What a hook has of it when the whole node goes down: hooks that wait do so for others to turn to another pod. */
const hurriedHookMs = 1_000;

/** The patience of a stop that begins now. */
export function patienceOf(graceMs: number): Patience {
  return { deadline: Date.now() + graceMs, leastMs: Math.min(graceMs, leastPatienceMs) };
}

export function shorter(a: Patience, b: Patience): Patience {
  return { deadline: Math.min(a.deadline, b.deadline), leastMs: Math.min(a.leastMs, b.leastMs) };
}

export interface StopRequest {
  containers: readonly PodContainer[];
  /** Where the pod listens. */
  address: AddressPair | undefined;
  /** The whole node goes down: no hook is to give anybody time to turn to another pod. */
  isNodeGoingDown?: boolean;
  /** It may be lost while the stop is under way. */
  patience: () => Patience;
  /** Settles at the next change of any container. */
  changed: () => Promise<void>;
  onHookFailure: (container: PodContainer, message: string) => void;
}

/** How long a container that was sent SIGKILL may take to be gone before it is sent again. */
const killPatienceMs = 1_000;

/** Stops every container that is active; settles when none is. */
export async function stopContainers(request: StopRequest): Promise<void> {
  const active = request.containers.filter(({ runner }) => runner.isActive);
  for (const container of active) container.stopProbes();
  await Promise.all(
    active.filter(({ kind }) => kind !== 'sidecar').map((container) => stopContainer(container, request)),
  );
  for (const sidecar of active.filter(({ kind }) => kind === 'sidecar').reverse())
    await stopContainer(sidecar, request);
}

/** Stops one container. */
export async function stopContainer(container: PodContainer, request: StopRequest): Promise<void> {
  const { runner } = container;
  const run = runner.current;
  const hasEnded = () => runner.current !== run || !runner.isActive;
  const over = new AbortController();
  const hookUntil = () => request.patience().deadline;
  await Promise.race([runPreStop(container, request, over.signal), waitUntil(hasEnded, hookUntil, request)]);
  over.abort();
  if (!hasEnded()) runner.signal('SIGTERM');
  const askedAt = Date.now();
  const killAt = () => Math.max(request.patience().deadline, askedAt + request.patience().leastMs);
  await waitUntil(hasEnded, killAt, request);
  while (!hasEnded()) {
    runner.signal('SIGKILL');
    await Promise.race([request.changed(), setTimeout(killPatienceMs)]);
  }
}

async function runPreStop(container: PodContainer, request: StopRequest, over: AbortSignal): Promise<void> {
  const { spec, process, runner } = container;
  const { address, patience, isNodeGoingDown } = request;
  const hook = spec.lifecycle?.preStop;
  const leftMs = patience().deadline - Date.now();
  if (!hook || !process || !address || leftMs <= 0) return;
  const timeoutMs = isNodeGoingDown ? Math.min(leftMs, hurriedHookMs) : leftMs;
  const finding = await runHook(
    hook,
    { spec, process, address, runner },
    { timeoutMs, skipSleep: isNodeGoingDown, over },
  );
  if (finding !== undefined && !over.aborted && !isNodeGoingDown) request.onHookFailure(container, finding);
}

/** Waits for the end of the container or of patience. */
async function waitUntil(hasEnded: () => boolean, deadline: () => number, { changed }: StopRequest): Promise<void> {
  while (!hasEnded()) {
    const leftMs = deadline() - Date.now();
    if (leftMs <= 0) return;
    const timer = new AbortController();
    const pause = setTimeout(Math.min(leftMs, maxPauseMs), undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([changed(), pause]);
    timer.abort();
  }
}

/** The deadline may be moved; it is looked at this often at least. */
const maxPauseMs = 500;
