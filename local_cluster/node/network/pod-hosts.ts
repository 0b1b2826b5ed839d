// The hosts files of a node's pods, kept up to date. Only where the shim may mount a file over /etc/hosts for a container
// alone; elsewhere containers see the machine's, and Envoy is the only one that finds the cluster's names.
import { execFile } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { V1Pod } from '@kubernetes/client-node';
import type { ClusterConnection } from '@ml-job-mesh/cluster-client';
import type { AddressPair } from './addresses.ts';
import { watchClusterNames } from './cluster-names.ts';
import { describeHosts } from './hosts-file.ts';

const machineFile = '/etc/hosts';
const domain = 'cluster.local';
/** Many endpoints change at once in an update: the files are written once for all of them. */
const gatherMs = 50;
/** A file that could not be written, e.g. on a full disk, is tried again. */
const retryMs = 5_000;

export type PodHosts = ReturnType<typeof startPodHosts>;

interface Kept {
  pod: V1Pod;
  address: AddressPair;
  file: string;
}

/** Whether a container can be shown a file of its own as /etc/hosts, found out by trying. */
export async function canReplaceHosts(shim: string): Promise<boolean> {
  return promisify(execFile)(shim, ['hosts', machineFile], { env: {} }).then(
    () => true,
    () => false,
  );
}

/** Starts to keep hosts files. */
export function startPodHosts(cluster: ClusterConnection, log: (message: string) => void) {
  const kept = new Map<string, Kept>();
  let timer: NodeJS.Timeout | undefined;
  const names = watchClusterNames(
    cluster,
    () => {
      timer ??= setTimeout(writeAll, gatherMs);
    },
    ({ message }) => log(`names of the cluster: ${message}`),
  );

  function writeAll(): void {
    timer = undefined;
    try {
      const shared = readShared();
      for (const one of kept.values()) tryToWrite(one, shared);
    } catch (fault) {
      log(`names of the cluster: ${(fault as Error).message}`);
      timer ??= setTimeout(writeAll, retryMs);
    }
  }

  function tryToWrite(one: Kept, shared: ReturnType<typeof readShared>): void {
    try {
      write(one, shared);
    } catch (fault) {
      log(`hosts file of pod ${one.pod.metadata!.name}: ${(fault as Error).message}`);
      timer ??= setTimeout(writeAll, retryMs);
    }
  }

  /** What stands in every pod's file. */
  function readShared() {
    return { names: names.list(), domain, machineHosts: readFileSync(machineFile, 'utf8') };
  }

  function write({ pod, address, file }: Kept, shared: ReturnType<typeof readShared>): void {
    writeInPlace(file, describeHosts({ pod, address, ...shared }));
  }

  return {
    /** Writes a pod's file into its folder and keeps it up to date. Gives its path. */
    keep(pod: V1Pod, folder: string, address: AddressPair): string {
      const one = { pod, address, file: join(folder, 'hosts') };
      kept.set(pod.metadata!.uid!, one);
      write(one, readShared());
      return one.file;
    },
    forget(uid: string): void {
      kept.delete(uid);
    },
    stop(): void {
      clearTimeout(timer);
      names.stop();
    },
  };
}

/**
 * Writes a file that containers may have mounted: a mount stays with the file that it was made of, so that file cannot
 * be replaced. It is never seen empty, since it is cut only after it was written over.
 */
function writeInPlace(file: string, text: string): void {
  const bytes = Buffer.from(text);
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    writeSync(handle, bytes, 0, bytes.length, 0);
    ftruncateSync(handle, bytes.length);
  } finally {
    closeSync(handle);
  }
}
