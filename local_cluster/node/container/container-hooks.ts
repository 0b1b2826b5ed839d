// What is run beside a container's program, in its surroundings: the commands of probes and hooks.
import { setTimeout } from 'node:timers/promises';
import type { V1Container, V1LifecycleHandler } from '@kubernetes/client-node';
import { type ContainerProcess, translateCommand } from '../environment/container-process.ts';
import type { ImageDescription } from '../images/images.ts';
import type { AddressPair } from '../network/addresses.ts';
import { type Command, checkCommand, checkHttp, type Finding } from '../probes/probe-checks.ts';
import { timerMs } from '../timers.ts';

/** A container's program, with the image that it is of. */
export type DescribedProcess = ContainerProcess & { image: ImageDescription };

/** A container whose program runs, and where. */
export interface HookedContainer {
  spec: V1Container;
  process: DescribedProcess;
  address: AddressPair;
  /** The shim, which sees to it that a command ends with the agent. */
  runner: { shim: string };
}

/** How a hook is run. */
export interface HookOptions {
  timeoutMs: number;
  /** The whole node goes down: nobody is to be given time to turn to another pod. */
  skipSleep?: boolean | undefined;
  /** Aborted when the hook's command is to end: no container, nothing in it. */
  over?: AbortSignal | undefined;
}

/** Runs a `preStop` or `postStart` hook; gives why it failed, if it did. */
export async function runHook(
  hook: V1LifecycleHandler,
  container: HookedContainer,
  { timeoutMs, skipSleep, over }: HookOptions,
): Promise<Finding> {
  const { spec, address } = container;
  if (hook.sleep && !skipSleep)
    await setTimeout(timerMs(hook.sleep.seconds * 1000), undefined, { signal: over }).catch(() => undefined);
  if (hook.httpGet) return checkHttp(hook.httpGet, spec, address.local, timeoutMs);
  if (hook.exec) return checkCommand(commandIn(container, hook.exec.command ?? []), timeoutMs, over);
  return undefined;
}

/** A command of the pod as one of this machine, run in the container's surroundings. */
export function commandIn({ process, address, runner }: Omit<HookedContainer, 'spec'>, command: string[]): Command {
  return {
    argv: [runner.shim, 'attend', ...translateCommand(command, process, process.image, address)],
    env: Object.fromEntries(process.env),
    cwd: process.cwd,
  };
}
