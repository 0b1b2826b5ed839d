/** What of the mesh is in a cluster, and what else would go with it. Whatever an earlier cleanup has left is found again. */
import type { KubernetesObject, V1PersistentVolume, V1StorageClass } from '@kubernetes/client-node';
import { type Kind, listKinds, listLabelled, listUnlabelled, parseList } from '../cluster/inventory.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { hasOwner, isMadeByKubernetes } from '../ownership.ts';

/** What was found. */
export interface Survey {
  kinds: Kind[];
  /** The mesh's namespaces that go, with all that is in them. */
  namespaces: KubernetesObject[];
  /** What goes besides: in namespaces that stay, and of the whole cluster. What goes with its owner is not listed. */
  objects: KubernetesObject[];
  /** What is left because models are kept: the claims, their namespaces, volumes and storage classes. */
  kept: KubernetesObject[];
  /** What is not the mesh's, and is in a namespace that goes. */
  foreign: KubernetesObject[];
  /** Volumes that were made for the mesh's claims, with models on them. */
  volumes: V1PersistentVolume[];
  /** All volumes of the cluster. */
  allVolumes: V1PersistentVolume[];
  /** Pods of the mesh that are still there, wherever they are. */
  pods: KubernetesObject[];
}

const clusterNamespaces = /^(default|kube-.*)$/;

/** Looks at everything in the cluster that carries the mesh's label, and at what is in its namespaces. */
export async function surveyCluster(kubectl: Kubectl, keepModels: boolean): Promise<Survey> {
  const kinds = await listKinds(kubectl);
  const labelled = await listLabelled(kubectl, kinds);
  const allVolumes = parseList(await kubectl(['get', 'persistentvolumes', '-o', 'json'])) as V1PersistentVolume[];
  const sorted = sortOut(labelled, allVolumes, keepModels);
  const contents = await Promise.all(
    sorted.namespaces.map(({ metadata }) => listUnlabelled(kubectl, kinds, metadata!.name!)),
  );
  return { kinds, ...sorted, allVolumes, foreign: contents.flat().filter((object) => !isMadeByKubernetes(object)) };
}

/** Whether nothing is left to delete or to wait for. */
export function isGone({ namespaces, objects }: Survey): boolean {
  return namespaces.length + objects.length === 0;
}

/** Says of each labelled object what becomes of it. */
export function sortOut(
  labelled: KubernetesObject[],
  allVolumes: V1PersistentVolume[],
  keepModels: boolean,
): Omit<Survey, 'kinds' | 'foreign' | 'allVolumes'> {
  const claims = labelled.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  const claimPlaces = new Set(claims.map(({ metadata }) => metadata!.namespace!));
  const ofClaims = ({ spec }: V1PersistentVolume) =>
    claims.some(({ metadata }) => metadata?.uid === spec?.claimRef?.uid && metadata?.uid !== undefined);
  const classes = new Set(allVolumes.filter(ofClaims).map(({ spec }) => spec?.storageClassName));
  const isKept = (object: KubernetesObject) =>
    keepModels &&
    claims.length > 0 &&
    (object.kind === 'PersistentVolumeClaim' ||
      object.kind === 'PersistentVolume' ||
      (object.kind === 'Namespace' && claimPlaces.has(object.metadata!.name!)) ||
      (object.kind === 'StorageClass' && classes.has((object as V1StorageClass).metadata!.name!)));
  const namespaces = labelled.filter((object) => isDeletable(object) && !isKept(object));
  const going = new Set(namespaces.map(({ metadata }) => metadata!.name!));
  const remaining = labelled.filter(
    (object) => object.kind !== 'Namespace' && !going.has(object.metadata?.namespace ?? ''),
  );
  return {
    namespaces,
    objects: remaining.filter((object) => !isKept(object) && !hasOwner(object)),
    kept: labelled.filter(isKept),
    volumes: allVolumes.filter(
      (volume) => ofClaims(volume) && !labelled.some((one) => one.metadata?.uid === volume.metadata?.uid),
    ),
    pods: labelled.filter(({ kind }) => kind === 'Pod'),
  };
}

/** Never the cluster's own, whatever label somebody has given it. */
function isDeletable({ kind, metadata }: KubernetesObject): boolean {
  return kind === 'Namespace' && !clusterNamespaces.test(metadata!.name!);
}
