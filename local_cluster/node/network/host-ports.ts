// Ports of pods that the machine also serves at an address of its own. Each is carried by a forwarder of the shim, which,
// like a container, runs on when the agent is killed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ShimConfig } from '../runs/records.ts';
import { logFile, type Run, Runner } from '../runs/runner.ts';
import type { AddressPair } from './addresses.ts';

const retryMs = 2_000;

/** The forwarders of one pod. */
export interface HostPorts {
  /** Refuses new connections from now on, so that clients find the pod's successor; those that are open go on. */
  stopListening(): void;
  /** Ends the forwarders; settles when they are gone. */
  close(): Promise<void>;
}

/** Who is told of the forwarders. */
export interface HostPortListener {
  /** A port is not available. */
  onFault(message: string): void;
  /** A forwarder runs from now on; what it has to say is in its log. */
  onRun(log: ForwarderLog): void;
}

/** The log of one run of a forwarder. */
export interface ForwarderLog {
  file: string;
  /** True once nothing will be added any more. */
  isComplete(): boolean;
  /** Settles at the forwarder's next change. */
  changed(): Promise<void>;
}

/**
 * Starts a forwarder for each `hostPort` of the pod, or finds the ones of an earlier agent, and keeps them running until
 * they are told to end.
 */
export async function openHostPorts(
  pod: V1Pod,
  folder: string,
  address: AddressPair,
  { hostAddress, shim }: { hostAddress: string; shim: string },
  listener: HostPortListener,
): Promise<HostPorts> {
  const ports = pod.spec!.hostNetwork ? [] : hostPortsOf(pod, hostAddress);
  const forwarders = await Promise.all(
    ports.map(({ listen, containerPort }) => {
      const forwarderFolder = join(folder, 'host-ports', listen);
      return keepForwarding(forwarderFolder, listen, `${address.local}:${containerPort}`, shim, listener);
    }),
  );
  return {
    stopListening() {
      for (const forwarder of forwarders) forwarder.stopListening();
    },
    async close() {
      await Promise.all(forwarders.map((forwarder) => forwarder.close()));
    },
  };
}

function hostPortsOf(pod: V1Pod, hostAddress: string): { listen: string; containerPort: number }[] {
  const containers = [...(pod.spec!.initContainers ?? []), ...pod.spec!.containers];
  const all = containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort, protocol = 'TCP' }) => hostPort && protocol === 'TCP')
    .map(({ hostPort, hostIP, containerPort }) => ({
      listen: joinAddress(hostIP || hostAddress, hostPort!),
      containerPort,
    }));
  // An init container and one that follows it may name the same port.
  return [...new Map(all.map((port) => [port.listen, port])).values()];
}

function joinAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function keepForwarding(
  folder: string,
  listen: string,
  target: string,
  shim: string,
  { onFault, onRun }: HostPortListener,
): Promise<HostPorts> {
  let isClosing = false;
  let isAdopted = false;
  let retry: NodeJS.Timeout | undefined;
  const closed = Promise.withResolvers<void>();
  let change = Promise.withResolvers<void>();
  const runner = new Runner(folder, shim, () => {
    change.resolve();
    change = Promise.withResolvers<void>();
    if (runner.isActive) return;
    if (isClosing) return closed.resolve();
    onFault(`${listen} cannot be forwarded to ${target}: the port is taken, or the forwarder was killed`);
    retry = setTimeout(start, retryMs);
  });
  const start = () => {
    try {
      runner.start((run) => describeForwarder(shim, listen, target, run));
      tellOf(runner.current!);
    } catch (fault) {
      onFault(`${listen} cannot be forwarded to ${target}: ${(fault as Error).message}`);
      retry = setTimeout(start, retryMs);
    }
  };
  const tellOf = (run: Run) =>
    onRun({ file: logFile(run), isComplete: () => run.exit !== undefined, changed: () => change.promise });
  /** Finds the forwarder of an earlier agent, which may run, before there is another one. */
  const adopt = async () => {
    try {
      mkdirSync(folder, { recursive: true });
      await runner.adopt();
    } catch (fault) {
      onFault(`cannot tell whether ${listen} is forwarded: ${(fault as Error).message}`);
      retry = setTimeout(adopt, retryMs);
      return;
    }
    isAdopted = true;
    if (isClosing) end('SIGKILL');
    else if (runner.isActive) tellOf(runner.current!);
    else start();
  };
  const end = (signal: 'SIGTERM' | 'SIGKILL') => {
    isClosing = true;
    if (!isAdopted) return;
    clearTimeout(retry);
    if (runner.isActive) runner.signal(signal);
    else closed.resolve();
  };
  await adopt();
  return {
    stopListening: () => end('SIGTERM'),
    async close() {
      end('SIGKILL');
      await closed.promise;
    },
  };
}

function describeForwarder(shim: string, listen: string, target: string, run: Run): ShimConfig {
  return {
    argv: [shim, 'forward', listen, target],
    env: ['GOMAXPROCS=2'],
    cwd: '/',
    log: logFile(run),
    cgroups: [],
    memoryEvents: '',
    niceness: 0,
    hosts: '',
    paths: [],
    image: {},
  };
}
