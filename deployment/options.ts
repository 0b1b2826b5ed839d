/** What `npm run deploy` and `npm run cleanup` understand on their command lines. */
import { parseArgs } from 'node:util';

/** Which cluster, and whether to ask before it is touched. */
interface ClusterOptions {
  /** Has to be named; undefined is refused with a list of the contexts there are. */
  context?: string | undefined;
  kubeconfig?: string | undefined;
  /** Do not ask. */
  yes: boolean;
  /** Only say what would be done. */
  dryRun: boolean;
}

/** What a deployment is started with. */
export interface DeployOptions extends ClusterOptions {
  /** One of `manifests/overlays`, or a folder. */
  overlay: string;
  /** Remove what an earlier deployment has applied and the manifests no longer describe. */
  prune: boolean;
  /** Take over objects that others have made. */
  adopt: boolean;
}

/** What a cleanup is started with. */
export interface CleanupOptions extends ClusterOptions {
  /** Leave the pipeline's volume, and the namespace that it is in. */
  keepModels: boolean;
  /** Delete others' objects with the namespaces that they are in. */
  force: boolean;
}

/** A command line that cannot be understood; the message says which part of it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const clusterUsage = `  --context NAME       the cluster: a context of the kubeconfig. It has to be named; the current context is never taken
  --kubeconfig FILE    the kubeconfig (what kubectl would take)
  --yes                do not ask before the cluster is touched
  --dry-run            only say what would be done`;

export const deployUsage = `npm run deploy -- --context NAME [OPTIONS]: brings the mesh to a cluster, or up to date there

${clusterUsage}; the API server checks what it can
  --overlay NAME       one of manifests/overlays (context, kind, eks), or the folder of a kustomization of yours (context)
  --prune              remove what an earlier deployment has applied and the manifests no longer describe
  --adopt              take over objects of the same names that others have made
  --help               show this
`;

export const cleanupUsage = `npm run cleanup -- --context NAME [OPTIONS]: removes the mesh from a cluster, its jobs and models included

${clusterUsage}
  --keep-models        leave the volume with the trained networks, and its namespace; the next deployment uses it
  --force              delete objects that are not the mesh's with the namespaces that they are in
  --help               show this
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const clusterOptions = {
  context: text,
  kubeconfig: text,
  yes: { ...flag, short: 'y' },
  'dry-run': flag,
  help: { ...flag, short: 'h' },
} as const;

/**
 * Reads the command line of `npm run deploy`; undefined where help is asked for.
 * @throws UsageError for an option that is not known, or lacks its value
 */
export function parseDeployOptions(args: string[]): DeployOptions | undefined {
  const options = { ...clusterOptions, overlay: text, prune: flag, adopt: flag };
  const {
    help,
    overlay = 'context',
    prune,
    adopt,
    ...cluster
  } = orUsageError(() => parseArgs({ args, options })).values;
  return help ? undefined : { ...readCluster(cluster), overlay, prune, adopt };
}

/**
 * Reads the command line of `npm run cleanup`; undefined where help is asked for.
 * @throws UsageError for an option that is not known, or lacks its value
 */
export function parseCleanupOptions(args: string[]): CleanupOptions | undefined {
  const options = { ...clusterOptions, 'keep-models': flag, force: flag };
  const {
    help,
    'keep-models': keepModels,
    force,
    ...cluster
  } = orUsageError(() => parseArgs({ args, options })).values;
  return help ? undefined : { ...readCluster(cluster), keepModels, force };
}

interface ClusterValues {
  context?: string | undefined;
  kubeconfig?: string | undefined;
  yes: boolean;
  'dry-run': boolean;
}

function readCluster({ context, kubeconfig, yes, 'dry-run': dryRun }: ClusterValues): ClusterOptions {
  return { context: context || undefined, kubeconfig, yes, dryRun };
}

function orUsageError<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error });
  }
}
