/** What a cleanup would do, in words. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { nameOf } from '../ownership.ts';
import type { Survey } from './survey.ts';

/** More objects of one kind in one place than this are counted instead of named. */
const namedOfAKind = 5;

/** What would be deleted, what of it holds data, and what stays. */
export function describeSurvey({ namespaces, objects, kept, foreign, volumes }: Survey, keepModels: boolean): string[] {
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim').length > 0 || volumes.length > 0;
  return [
    ...namespaces.map(({ metadata }) => `  - namespace ${metadata!.name} with all that is in it${leaving(metadata)}`),
    ...summarise(objects).map((line) => `  - ${line}`),
    ...(keepModels ? [] : volumes.map(describeVolume)),
    ...kept.map((object) => `  = ${nameOf(object)} stays (--keep-models)`),
    ...(claims && !keepModels ? ['The trained networks go with their volume; --keep-models leaves it.'] : []),
    ...(foreign.length > 0
      ? ["Not the mesh's, and in these namespaces:", ...summarise(foreign).map((line) => `  ! ${line}`)]
      : []),
  ];
}

/**
 * Refuses to delete what others have put into the mesh's namespaces.
 * @throws Error that says what to do
 */
export function requireOwn({ foreign }: Survey, force: boolean): void {
  if (foreign.length === 0 || force) return;
  throw new Error(
    `${foreign.length === 1 ? 'an object is' : `${foreign.length} objects are`} not the mesh's (named above), and would be ` +
      'deleted with the namespace. Move them elsewhere, or add --force. Nothing was changed',
  );
}

function describeVolume({ metadata, spec }: Survey['volumes'][number]): string {
  const what = `volume ${metadata!.name} of claim ${spec?.claimRef?.namespace}/${spec?.claimRef?.name}`;
  return spec?.persistentVolumeReclaimPolicy === 'Delete'
    ? `  - ${what}, with the trained networks on it`
    : `  = ${what} stays, with the trained networks on it: its reclaim policy is ${spec?.persistentVolumeReclaimPolicy}`;
}

const leaving = (metadata: KubernetesObject['metadata']) =>
  metadata?.deletionTimestamp ? ' (on its way already)' : '';

/** One line for each kind in each place. */
function summarise(objects: KubernetesObject[]): string[] {
  const groups = Map.groupBy(objects, ({ kind, metadata }) => `${metadata?.namespace ?? ''} ${kind}`);
  return [...groups.values()].flatMap((group) => {
    if (group.length <= namedOfAKind) return group.map(nameOf);
    const { kind, metadata } = group[0]!;
    return [`${group.length} ${kind}s${metadata?.namespace ? ` in namespace ${metadata.namespace}` : ''}`];
  });
}
