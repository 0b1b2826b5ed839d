// Stopping the containers of a pod: hooks, SIGTERM, patience, SIGKILL; sidecars after what they served.
import { setTimeout } from 'node:timers/promises';
import { runHook } from '../container/container-hooks.ts';
import type { PodContainer } from '../container/pod-container.ts';
import type { AddressPair } from '../network/addresses.ts';

export interface StopRequest {
  containers: readonly PodContainer[];
  /** Where the pod listens. */
  address: AddressPair | undefined;
  /** The whole node goes down: nobody is to be given time to turn to another pod. */
  skipSleep?: boolean;
  /** When patience ends (epoch ms). It may be moved while the stop is under way. */
  deadline: () => number;
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
  await Promise.race([runPreStop(container, request, over.signal), waitUntil(hasEnded, request)]);
  over.abort();
  if (!hasEnded()) runner.signal('SIGTERM');
  await waitUntil(hasEnded, request);
  while (!hasEnded()) {
    runner.signal('SIGKILL');
    await Promise.race([request.changed(), setTimeout(killPatienceMs)]);
  }
}

async function runPreStop(container: PodContainer, request: StopRequest, over: AbortSignal): Promise<void> {
  const { spec, process } = container;
  const { address, deadline, skipSleep } = request;
  const hook = spec.lifecycle?.preStop;
  if (!hook || !process || !address) return;
  const timeoutMs = Math.max(1, deadline() - Date.now());
  const finding = await runHook(hook, { spec, process, address }, { timeoutMs, skipSleep, over });
  if (finding !== undefined && !over.aborted) request.onHookFailure(container, finding);
}

/** Waits for the end of the container or of patience. */
async function waitUntil(hasEnded: () => boolean, { deadline, changed }: StopRequest): Promise<void> {
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
