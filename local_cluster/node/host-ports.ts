// Ports of pods that are also to be had at an address of the machine. Each is carried by a forwarder of the shim, which,
// like a container, runs on when the agent is killed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { AddressPair } from './addresses.ts';
import { ContainerRunner } from './container-runner.ts';
import type { NodeContext } from './node-context.ts';

const retryMs = 2_000;

/**
 * Starts a forwarder for each `hostPort` of the pod, or finds the ones of an earlier agent, and keeps them running until
 * the function that it gives is called, which settles when they are gone.
 * @param onFault told when a port cannot be had
 */
export async function openHostPorts(
  pod: V1Pod,
  folder: string,
  address: AddressPair,
  node: NodeContext,
  onFault: (message: string) => void,
): Promise<() => Promise<void>> {
  const ports = pod.spec!.hostNetwork ? [] : hostPortsOf(pod, node.hostAddress);
  const closers = await Promise.all(
    ports.map(({ listen, containerPort }) => {
      const forwarderFolder = join(folder, 'host-ports', listen);
      return keepForwarding(forwarderFolder, listen, `${address.local}:${containerPort}`, node.shim, onFault);
    }),
  );
  return async () => {
    await Promise.all(closers.map((close) => close()));
  };
}

function hostPortsOf(pod: V1Pod, hostAddress: string): { listen: string; containerPort: number }[] {
  const containers = [...(pod.spec!.initContainers ?? []), ...pod.spec!.containers];
  return containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort, protocol = 'TCP' }) => hostPort && protocol === 'TCP')
    .map(({ hostPort, hostIP, containerPort }) => ({ listen: `${hostIP || hostAddress}:${hostPort}`, containerPort }));
}

async function keepForwarding(
  folder: string,
  listen: string,
  target: string,
  shim: string,
  onFault: (message: string) => void,
): Promise<() => Promise<void>> {
  let isClosing = false;
  let retry: NodeJS.Timeout | undefined;
  const closed = Promise.withResolvers<void>();
  const runner = new ContainerRunner(folder, shim, () => {
    if (runner.isActive) return;
    if (isClosing) return closed.resolve();
    onFault(`${listen} cannot be forwarded to ${target}: the port is taken, or the forwarder was killed`);
    retry = setTimeout(start, retryMs);
  });
  const start = () =>
    runner.start((run) => ({
      argv: [shim, 'forward', listen, target],
      env: ['GOMAXPROCS=2'],
      cwd: '/',
      log: join(run, 'output.log'),
      cgroups: [],
      memoryEvents: '',
      niceness: 0,
      paths: [],
      image: {},
    }));
  mkdirSync(folder, { recursive: true });
  await runner.adopt();
  if (!runner.isActive) start();

  return async () => {
    isClosing = true;
    clearTimeout(retry);
    if (!runner.isActive) return;
    runner.signal('SIGKILL');
    await closed.promise;
  };
}
