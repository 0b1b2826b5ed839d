/** A plan in words. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { nameOf } from '../ownership.ts';
import type { Plan } from './plan.ts';

/** How many changed fields of an object are named. */
const namedFields = 3;

/** What holds data, or others' objects, is never removed on the way. */
const neverPruned = ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'];

/** Those of the objects that are no longer described which `--prune` removes. */
export function findPrunable({ leftOver }: Plan): KubernetesObject[] {
  return leftOver.filter(({ kind = '' }) => !neverPruned.includes(kind));
}

/** What would be done, a line for each object that is changed and one for each namespace where some are created. */
export function describePlan(plan: Plan, prune: boolean): string[] {
  const { created, changed, again, unchanged, leftOver, foreign } = plan;
  const prunable = findPrunable(plan);
  const pruned = prune
    ? 'removed, the manifests no longer describe it'
    : 'no longer in the manifests; --prune removes it';
  const counts = [
    [created.length, 'to create'],
    [changed.length, 'to change'],
    [again.length, 'to begin anew'],
    [foreign.length, 'of others'],
  ] as const;
  const toDo = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    `${[...toDo, `${unchanged.length} ${toDo.length > 0 ? 'unchanged' : 'objects, none of them changed'}`].join(', ')}`,
    ...describeCreated(created),
    ...changed.map(({ object, fields }) => `  ~ ${nameOf(object)}: ${describeFields(fields)}`),
    ...again.map((job) => `  ↻ ${nameOf(job)}: has other settings or has failed`),
    ...foreign.map((object) => `  ! ${nameOf(object)}: somebody else has made it; --adopt takes it over`),
    ...leftOver.map((object) =>
      prunable.includes(object)
        ? `  - ${nameOf(object)}: ${pruned}`
        : `  ! ${nameOf(object)}: no longer in the manifests; it holds data, so remove it by hand`,
    ),
  ];
}

function describeCreated(created: KubernetesObject[]): string[] {
  const isNew = (namespace: string) =>
    created.some(({ kind, metadata }) => kind === 'Namespace' && metadata?.name === namespace);
  const placeOf = ({ kind, metadata }: KubernetesObject) =>
    kind === 'Namespace' ? metadata!.name! : (metadata?.namespace ?? '');
  const places = Map.groupBy(created, placeOf);
  return [...places].map(([place, objects]) => {
    const names = objects.filter(({ kind }) => kind !== 'Namespace');
    const title = place === '' ? 'cluster-wide' : `${isNew(place) ? 'new ' : ''}namespace ${place}`;
    return `  + ${title}${names.length > 0 ? `: ${describeKinds(names)}` : ''}`;
  });
}

/** `ResourceQuota tier-quota; Service free-tier, web-tier`. */
function describeKinds(objects: KubernetesObject[]): string {
  const kinds = Map.groupBy(objects, ({ kind }) => kind);
  return [...kinds]
    .map(([kind, some]) => `${kind} ${some.map(({ metadata }) => metadata!.name).join(', ')}`)
    .join('; ');
}

function describeFields(fields: string[]): string {
  const more = fields.length - namedFields;
  return `${fields.slice(0, namedFields).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Refuses a plan that would take over what others have made, or come too early.
 * @throws Error that says what is in the way and what to do
 */
export function requireFeasible({ foreign, leaving }: Plan, adopt: boolean): void {
  if (leaving.length > 0) {
    throw new Error(
      `${leaving.join(', ')} ${leaving.length === 1 ? 'is' : 'are'} being deleted. Wait until \`npm run cleanup\` has ended, and ` +
        'run this again. Nothing was applied',
    );
  }
  if (foreign.length === 0 || adopt) return;
  throw new Error(
    `the cluster has objects of these names already, and they are not the mesh's: ${foreign.map(nameOf).join(', ')}. ` +
      'Remove or rename them, or let the mesh take them over with --adopt: it then changes them now, and ' +
      '`npm run cleanup` deletes them with all that is in them. Nothing was applied',
  );
}
