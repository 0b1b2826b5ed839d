// Stopping the containers of a pod: hooks, SIGTERM, patience, SIGKILL; sidecars after what they served.
import { setTimeout } from 'node:timers/promises';
import type { V1LifecycleHandler } from '@kubernetes/client-node';
import { translateCommand } from '../container/container-process.ts';
import type { PodContainer } from '../container/pod-container.ts';
import { type Command, checkCommand, checkHttp } from '../probes/probe-checks.ts';

export interface StopRequest {
  containers: PodContainer[];
  /** Where the pod listens. */
  address: { announced: string; local: string } | undefined;
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
  for (const container of active) container.stopProbes?.();
  await Promise.all(
    active.filter(({ kind }) => kind !== 'sidecar').map((container) => stopContainer(container, request)),
  );
  for (const sidecar of active.filter(({ kind }) => kind === 'sidecar').reverse())
    await stopContainer(sidecar, request);
}

/** Stops one container. */
export async function stopContainer(container: PodContainer, request: StopRequest): Promise<void> {
  const { runner, spec } = container;
  const preStop = spec.lifecycle?.preStop;
  const run = runner.current;
  const hasEnded = () => runner.current !== run || !runner.isActive;
  if (preStop && container.process) {
    const over = new AbortController();
    await Promise.race([runHook(preStop, container, request, over.signal), waitUntil(hasEnded, request)]);
    over.abort();
  }
  if (!hasEnded()) runner.signal('SIGTERM');
  await waitUntil(hasEnded, request);
  while (!hasEnded()) {
    runner.signal('SIGKILL');
    await Promise.race([request.changed(), setTimeout(killPatienceMs)]);
  }
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

/** Runs a `preStop` or `postStart` hook. A command ends when `over` is aborted: no container, nothing in it. */
export async function runHook(
  hook: V1LifecycleHandler,
  container: PodContainer,
  request: StopRequest,
  over?: AbortSignal,
): Promise<void> {
  const timeoutMs = Math.max(1, request.deadline() - Date.now());
  let finding: string | undefined;
  if (hook.sleep && !request.skipSleep) await setTimeout(hook.sleep.seconds * 1000);
  if (hook.httpGet) finding = await checkHttp(hook.httpGet, container.spec, request.address!.local, timeoutMs);
  if (hook.exec) {
    finding = await checkCommand(commandIn(container, request.address!, hook.exec.command ?? []), timeoutMs, over);
  }
  if (finding !== undefined && !over?.aborted) request.onHookFailure(container, finding);
}

/** A command of the pod as one of this machine, run in the container's surroundings. */
export function commandIn(
  { process }: PodContainer,
  address: { announced: string; local: string },
  command: string[],
): Command {
  return {
    argv: translateCommand(command, process!, process!.image, address),
    env: Object.fromEntries(process!.env),
    cwd: process!.cwd,
  };
}
