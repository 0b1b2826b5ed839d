/** Brings built images into a cluster on this machine that pulls from no registry. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../local_cluster/install/run-command.ts';
import { archiveCommand, type Builder, runBuilder } from './builders.ts';

export const clusterKinds = ['kind', 'minikube'] as const;
export type ClusterKind = (typeof clusterKinds)[number];

/** What each kind of cluster takes an archive of an image by. */
const loadCommands: Record<ClusterKind, (archive: string, cluster: string | undefined) => string[]> = {
  kind: (archive, cluster) => ['load', 'image-archive', archive, ...(cluster ? ['--name', cluster] : [])],
  minikube: (archive, cluster) => ['image', 'load', archive, ...(cluster ? ['--profile', cluster] : [])],
};

const installation: Record<ClusterKind, string> = {
  kind: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  minikube: 'https://minikube.sigs.k8s.io/docs/start/',
};

/**
 * Sees to it that there is something to load images with, before any is built.
 * @throws Error that says how to get it
 */
export async function requireLoader(kind: ClusterKind, run = runCommand): Promise<void> {
  try {
    await run(kind, ['version']);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? `it is not installed; ${installation[kind]} says how` : (error as Error).message;
    throw new Error(`images cannot be loaded into ${kind}: ${reason}`, { cause: error });
  }
}

/** What a load needs besides the image. */
interface LoadOptions {
  kind: ClusterKind;
  /** The cluster's name, where it is not the usual one. */
  cluster?: string | undefined;
  /** Has room for an image. */
  workFolder: string;
  onLine?: (line: string) => void;
  signal: AbortSignal;
}

/** Gives an image, by its id, a name, here and in the cluster that it is loaded into. */
export async function loadImage(builder: Builder, id: string, name: string, options: LoadOptions, run = runCommand) {
  const { kind, cluster, workFolder, onLine, signal } = options;
  const archive = path.join(workFolder, `${name.replaceAll(/[^a-z0-9-]/g, '-')}.tar`);
  const running = { signal, ...(onLine && { onLine }) };
  try {
    await runBuilder(builder, ['tag', id, name], running);
    await runBuilder(builder, archiveCommand(builder, name, archive), running);
    await run(kind, loadCommands[kind](archive, cluster), running);
  } finally {
    rmSync(archive, { force: true });
  }
}
