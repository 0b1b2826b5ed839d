// The volumes of a pod as folders of this machine.
import { constants } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1Container, V1KeyToPath, V1Pod, V1Volume, V1VolumeProjection } from '@kubernetes/client-node';
import { type PodSurroundings, readPodField, readResourceField } from '../references/downward-api.ts';
import { expandVariables } from '../references/expansion.ts';
import type { PodObjects } from '../references/pod-objects.ts';
import { normalizePath } from './path-mapping.ts';
import { type FileSet, pathInside, writeFileSet } from './projected-files.ts';

/** A volume that cannot be mounted now; the pod waits, and the node tries again. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

export interface PodVolumes {
  /** From a volume's name to the folder or file that it is here. */
  paths: Map<string, string>;
  /** After how long what was written is to be renewed; undefined when nothing in it can change. */
  renewAfterMs?: number | undefined;
}

/** ConfigMaps, Secrets, labels and tokens may change while a pod runs, and its files follow after at most this. */
const refreshMs = 60_000;

/**
 * Makes, or renews, every volume of the pod below the folder.
 * @param signal aborted when nothing is to be written any more, e.g. because the pod is gone
 * @throws VolumeError when one of them cannot be mounted
 */
export async function prepareVolumes(
  pod: V1Pod,
  folder: string,
  objects: PodObjects,
  around: PodSurroundings,
  signal?: AbortSignal,
): Promise<PodVolumes> {
  using reads = abortableReads(objects, signal);
  const paths = new Map<string, string>();
  let isRenewed = false;
  for (const volume of pod.spec!.volumes ?? []) {
    signal?.throwIfAborted();
    const own = join(folder, volume.name);
    const source = await openVolume(volume, own, reads.objects);
    if (source.files) {
      const files = await source.files({ pod, objects: reads.objects, around });
      for (const path of files.keys()) insideOf(own, path);
      await writeFileSet(own, files, source.mode);
      isRenewed = true;
    }
    paths.set(volume.name, source.path);
  }
  return { paths, renewAfterMs: isRenewed ? refreshMs : undefined };
}

/** The same objects, whose reads fail as soon as the signal is aborted: what would follow from them is not done. */
function abortableReads(objects: PodObjects, signal: AbortSignal | undefined): { objects: PodObjects } & Disposable {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const abort = () => aborted.reject(signal!.reason);
  signal?.addEventListener('abort', abort);
  const race = <A extends unknown[], T>(read: (...given: A) => Promise<T>) => {
    return (...given: A) => Promise.race([read(...given), aborted.promise]);
  };
  return {
    objects: {
      configMap: race(objects.configMap),
      secret: race(objects.secret),
      boundVolume: race(objects.boundVolume),
      accountToken: race(objects.accountToken),
    },
    [Symbol.dispose]: () => signal?.removeEventListener('abort', abort),
  };
}

interface Reader {
  pod: V1Pod;
  objects: PodObjects;
  around: PodSurroundings;
}

interface OpenVolume {
  path: string;
  mode?: number | undefined;
  files?: (reader: Reader) => Promise<FileSet>;
}

async function openVolume(volume: V1Volume, own: string, objects: PodObjects): Promise<OpenVolume> {
  const { emptyDir, hostPath, persistentVolumeClaim, configMap, secret, downwardAPI, projected } = volume;
  if (emptyDir) {
    await mkdir(own, { recursive: true });
    return { path: own };
  }
  if (hostPath) return { path: await openHostPath(hostPath.path, hostPath.type) };
  if (persistentVolumeClaim) {
    const bound = await objects.boundVolume(persistentVolumeClaim.claimName);
    if (!bound) throw new VolumeError(`claim "${persistentVolumeClaim.claimName}" is not bound`);
    const path = bound.spec?.hostPath?.path ?? bound.spec?.local?.path;
    if (!path)
      throw new VolumeError(`volume "${bound.metadata?.name}" is not a folder of this machine (hostPath, local)`);
    return { path: await openHostPath(path, bound.spec?.hostPath?.type ?? '') };
  }
  if (configMap) return { path: own, mode: configMap.defaultMode, files: project([{ configMap }]) };
  if (secret) {
    const { secretName: name, items, optional } = secret;
    const source = { name: name!, ...(items && { items }), ...(optional !== undefined && { optional }) };
    return { path: own, mode: secret.defaultMode, files: project([{ secret: source }]) };
  }
  if (downwardAPI) return { path: own, mode: downwardAPI.defaultMode, files: project([{ downwardAPI }]) };
  if (projected) return { path: own, mode: projected.defaultMode, files: project(projected.sources ?? []) };
  const kind = Object.keys(volume).find((key) => key !== 'name');
  throw new VolumeError(`volumes of kind "${kind}" are not available on this node`);
}

async function openHostPath(path: string, type = ''): Promise<string> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true });
  try {
    await access(path, constants.F_OK);
  } catch {
    if (type === 'FileOrCreate') {
      await writeFile(path, '', { flag: 'wx' });
      return path;
    }
    if (type !== '') throw new VolumeError(`hostPath "${path}" is not there`);
    await mkdir(path, { recursive: true });
  }
  return path;
}

/** Reads the sources of a projected volume; a ConfigMap or Secret volume is one with a single source. */
function project(sources: V1VolumeProjection[]): (reader: Reader) => Promise<FileSet> {
  return async (reader) => {
    const set: FileSet = new Map();
    for (const source of sources) await projectSource(source, reader, set);
    return set;
  };
}

async function projectSource(source: V1VolumeProjection, reader: Reader, set: FileSet): Promise<void> {
  const { pod, objects, around } = reader;
  const { configMap, secret, serviceAccountToken, downwardAPI } = source;
  if (!configMap && !secret && !serviceAccountToken && !downwardAPI) {
    const [kind] = Object.keys(source);
    throw new VolumeError(`projected volumes of kind "${kind}" are not available on this node`);
  }
  if (configMap) {
    const found = await objects.configMap(configMap.name!);
    if (!found && !configMap.optional) throw new VolumeError(`configmap "${configMap.name}" not found`);
    const data = { ...found?.data, ...mapValues(found?.binaryData, decodeBase64) };
    pickItems(data, configMap.items, configMap.optional, `configmap "${configMap.name}"`, set);
  }
  if (secret) {
    const found = await objects.secret(secret.name!);
    if (!found && !secret.optional) throw new VolumeError(`secret "${secret.name}" not found`);
    pickItems(mapValues(found?.data, decodeBase64), secret.items, secret.optional, `secret "${secret.name}"`, set);
  }
  if (serviceAccountToken) {
    const { path, expirationSeconds, audience } = serviceAccountToken;
    set.set(path, { content: await objects.accountToken(expirationSeconds, audience), mode: 0o600 });
  }
  for (const item of downwardAPI?.items ?? []) {
    const { initContainers = [], containers } = pod.spec!;
    const owner = item.resourceFieldRef?.containerName;
    const container = [...containers, ...initContainers].find(({ name }) => name === owner);
    const content = item.fieldRef
      ? readPodField(item.fieldRef, pod, around)
      : readResourceField(item.resourceFieldRef!, container ?? pod.spec!.containers[0]!, around);
    set.set(item.path, { content, mode: item.mode });
  }
}

function pickItems(
  data: Record<string, string | Buffer>,
  items: V1KeyToPath[] | undefined,
  optional: boolean | undefined,
  owner: string,
  files: FileSet,
): void {
  const wanted = items ?? Object.keys(data).map((key): V1KeyToPath => ({ key, path: key }));
  for (const { key, path, mode } of wanted) {
    const content = Object.hasOwn(data, key) ? data[key] : undefined;
    if (content !== undefined) files.set(path, { content, mode });
    else if (!optional) throw new VolumeError(`${owner} has no key "${key}"`);
  }
}

/**
 * Where each mount of a container is on this machine.
 * @param variables for `subPathExpr`
 * @throws VolumeError for a mount of a volume that the pod does not have, or that leaves its volume
 */
export async function resolveMounts(
  container: V1Container,
  volumes: ReadonlyMap<string, string>,
  variables: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const mounts = new Map<string, string>();
  for (const { name, mountPath, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (!volume) throw new VolumeError(`the pod has no volume "${name}"`);
    const below = subPathExpr ? expandVariables(subPathExpr, variables) : subPath;
    const target = below ? insideOf(volume, below) : volume;
    if (below) await access(target).catch(() => mkdir(target, { recursive: true }));
    mounts.set(normalizePath(mountPath), target);
  }
  return mounts;
}

/** @throws VolumeError for a path that leaves the volume */
function insideOf(folder: string, path: string): string {
  try {
    return pathInside(folder, path);
  } catch (fault) {
    throw new VolumeError((fault as Error).message);
  }
}

function decodeBase64(value: string): Buffer {
  return Buffer.from(value, 'base64');
}

function mapValues<T, R>(record: Record<string, T> = {}, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
