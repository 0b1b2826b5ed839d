/** What a rig keeps in its state folder about itself. */
import path from 'node:path';
import { projectFolder } from '../local_cluster/install/cache.ts';
import { readRecordFile } from '../local_cluster/record-file.ts';
import type { ProcessIdentity } from '../local_cluster/supervisor/process-identity.ts';
import type { NodeRecord } from './inside-options.ts';
import type { NodePlace } from './layout.ts';
import type { MachineState } from './machine-state.ts';

/** The rig of this clone, unless RIG_STATE names another folder: two rigs need two of them. */
export const defaultStateFolder = chooseStateFolder(process.env.RIG_STATE);

/** @param named what RIG_STATE says; an empty one says nothing */
export function chooseStateFolder(named: string | undefined): string {
  return path.resolve(named || path.join(projectFolder, '.rig'));
}

/** A rig that answers; the file `rig.json`. */
export interface RigRecord {
  /** The first process in the rig's namespaces, as it is seen from outside. */
  pid: number;
  kubeconfig: string;
  registry: string;
  /** A folder of programs for use in it: kubectl. */
  tools: string;
  nodes: Record<NodePlace['name'], NodeRecord>;
  /** As in `ContainerCluster`. */
  controlPlane: string;
}

/** What is added to that where the mesh is deployed; with it, the record is what `MESH_UNDER_TEST` names. */
export interface MeshRecord {
  /** Addresses without a slash at the end. */
  front: string;
  grader: string;
  /** The folder that was applied. */
  kustomization: string;
  /** The folder that is the pipeline's volume. */
  pipelineVolume: string;
  /** How many test images of KMNIST the Jobs' image has. */
  kmnistTestImages: number;
}

/** What has to be cleared away, also when whoever started it was killed; the file `owner.json`. */
export interface OwnerRecord {
  cgroup: string;
  /** What of others the machine's network had before: see `listNetworkTraces`. */
  before?: string[];
  /** The machine before the rig was started; missing in records of earlier versions. */
  machine?: MachineState;
  /** Missing before they are started. */
  processes?: ProcessIdentity[];
}

/** Where both are. */
export const rigFile = (stateFolder: string) => path.join(stateFolder, 'rig.json');
export const ownerFile = (stateFolder: string) => path.join(stateFolder, 'owner.json');

/**
 * Reads what is known of the rig that runs.
 * @throws Error when none does
 */
export function readRig(stateFolder = defaultStateFolder): RigRecord {
  const record = readRecordFile<RigRecord>(rigFile(stateFolder));
  if (record) return record;
  throw new Error(`no rig is ready in ${stateFolder}: start one with \`node container_rig/up.ts\``);
}
