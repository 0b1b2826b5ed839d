// What a container's process is given: command, environment and folders, as the pod and the image say, with paths and
// addresses of the container's world turned into those of this machine.
import { join } from 'node:path';
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import type { ImageDescription } from '../images/images.ts';
import type { AddressPair } from '../network/addresses.ts';
import { expandVariables } from '../references/expansion.ts';
import { mapPaths, normalizePath, type PathMap } from '../volumes/path-mapping.ts';

export interface ProcessSurroundings {
  pod: V1Pod;
  image: ImageDescription;
  /** The pod's own folder. */
  podFolder: string;
  /** A folder of the node that outlives pods. */
  cacheFolder: string;
  address: AddressPair;
  /** `address:port` of each resolver. */
  dnsServers: string[];
  /** Where the container's mounts are on this machine. */
  mounts: PathMap;
  /** The variables that the pod gives. */
  variables: ReadonlyMap<string, string>;
  /** The file that stands for `terminationMessagePath`. */
  terminationLog: string;
  /** A kubeconfig for the pod's account, if the pod has its token. */
  kubeconfig?: string | undefined;
  apiServer: URL;
}

export interface ContainerProcess {
  argv: string[];
  env: Map<string, string>;
  cwd: string;
  /** Everything that paths of the container stand for here; also for the commands of probes and hooks. */
  paths: PathMap;
}

/** Where a pod's account has its token, in a container. */
export const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
const defaultTerminationPath = '/dev/termination-log';

/** Describes the process; nothing is read or written. */
export function describeProcess(container: V1Container, around: ProcessSurroundings): ContainerProcess {
  const { image, mounts, terminationLog } = around;
  const paths: PathMap = new Map([
    ...Object.entries(image.paths ?? {}).map(([path, here]) => [normalizePath(path), here] as const),
    ...mounts,
    [container.terminationMessagePath ?? defaultTerminationPath, terminationLog],
  ]);
  const variables = new Map([...imageVariables(around), ...around.variables]);
  const translate = (text: string) => translateAddress(mapPaths(text, paths), around.address);

  const env = new Map([...nodeVariables(around)]);
  for (const [name, value] of variables) env.set(name, translate(value));
  env.set('TERMINATION_MESSAGE_PATH', terminationLog);

  const argv = commandOf(container, image).map((part) => translate(expandVariables(part, variables)));
  return {
    argv: replaceProgram(argv, image),
    env,
    cwd: mapPaths(container.workingDir || image.workingDir || join(around.podFolder, 'home'), paths),
    paths,
  };
}

/** A command of a probe or hook, as the container itself would see it. */
export function translateCommand(
  command: string[],
  { paths }: ContainerProcess,
  image: ImageDescription,
  address: AddressPair,
): string[] {
  return replaceProgram(
    command.map((part) => translateAddress(mapPaths(part, paths), address)),
    image,
  );
}

/** `command` replaces the image's entrypoint and with it its arguments; `args` only the latter. */
function commandOf({ command, args }: V1Container, image: ImageDescription): string[] {
  if (command?.length) return [...command, ...(args ?? [])];
  return [...(image.entrypoint ?? []), ...(args ?? image.cmd ?? [])];
}

function replaceProgram([program = '', ...rest]: string[], { programs }: ImageDescription): string[] {
  const here = programs && Object.hasOwn(programs, program) ? programs[program] : undefined;
  return [...(here ?? [program]), ...rest];
}

/** Everywhere and here are, inside a pod, the pod's own address. */
function translateAddress(text: string, { local }: AddressPair): string {
  return text === '0.0.0.0' || text === '127.0.0.1' ? local : text;
}

function imageVariables({
  image,
  address,
  dnsServers,
  podFolder,
  cacheFolder,
}: ProcessSurroundings): Map<string, string> {
  const known: Record<string, string> = {
    podAddress: address.local,
    dnsServers: dnsServers.join(','),
    podFolder,
    cacheFolder,
  };
  const fill = (value: string) => value.replace(/\{(\w+)\}/g, (written, name) => known[name] ?? written);
  return new Map(Object.entries(image.env ?? {}).map(([name, value]) => [name, fill(value)]));
}

/** What the node adds. The agent's own environment is not passed on. */
function nodeVariables({ pod, podFolder, kubeconfig, apiServer }: ProcessSurroundings): Map<string, string> {
  const home = join(podFolder, 'home');
  return new Map([
    ['HOME', home],
    ['TMPDIR', home],
    ['HOSTNAME', pod.spec?.hostname ?? pod.metadata!.name!],
    ['KUBERNETES_SERVICE_HOST', apiServer.hostname],
    ['KUBERNETES_SERVICE_PORT', apiServer.port || '443'],
    ...(kubeconfig ? [['KUBECONFIG', kubeconfig] as const] : []),
  ]);
}
