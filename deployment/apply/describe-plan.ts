/** A plan in words. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { nameOf } from '../ownership.ts';
import { isEntrance } from './entrances.ts';
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
  const { created, changed, again, unchanged, leftOver, foreign, missing } = plan;
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
    ...missing.map(({ object, neededBy }) => `  ! ${nameOf(object)}: not there; ${neededBy} does not start without it`),
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
 * Refuses a plan that would take over what others have made, come too early, or leave the mesh open to more than it should be.
 * @throws Error that says what is in the way and what to do
 */
export function requireFeasible(plan: Plan, { adopt, prune }: { adopt: boolean; prune: boolean }): void {
  const { foreign, leaving } = plan;
  if (leaving.length > 0) {
    throw new Error(
      `${leaving.join(', ')} ${leaving.length === 1 ? 'is' : 'are'} being deleted. Wait until \`npm run cleanup\` has ended, and ` +
        'run this again. Nothing was applied',
    );
  }
  requireNoPlaceholder(plan);
  requireClosed(plan, prune);
  requireMade(plan);
  if (foreign.length === 0 || adopt) return;
  throw new Error(
    `the cluster has objects of these names already, and they are not the mesh's: ${foreign.map(nameOf).join(', ')}. ` +
      'Remove or rename them, or let the mesh take them over with --adopt: it then changes them now, and ' +
      '`npm run cleanup` deletes them with all that is in them. Nothing was applied',
  );
}

/** What manifests leave to their user, how it reads there, and where docs/eks.md says what to write instead. */
const placeholders = [
  // With this one no pod would get the volume, for ever: Kubernetes lets nobody change it later.
  { what: 'file system', text: /"fs-0+"/, section: 'The mesh, for the VPC alone' },
  { what: 'certificate of its own', text: /"arn:aws:acm:[^"]*\/0{8}-[0-]+"/, section: 'Opening it' },
  // Nobody can own it. Source: RFC 2606, section 3.
  { what: 'host name of its own', text: /"mesh\.example\.com"/, section: 'Opening it' },
];

function requireNoPlaceholder({ created, changed, unchanged }: Plan): void {
  const described = [...created, ...changed.map(({ object }) => object), ...unchanged];
  for (const { what, text, section } of placeholders) {
    const unset = described.find((object) => text.test(JSON.stringify(object)));
    if (!unset) continue;
    throw new Error(
      `${nameOf(unset)} names no ${what} yet: a placeholder stands there. Set it in a kustomization of yours, as docs/eks.md ` +
        `shows ("${section}"), and deploy that with --overlay. Nothing was applied`,
    );
  }
}

/** An entrance that stays would lead to services that may no longer ask for keys. */
function requireClosed({ leftOver, closed }: Plan, prune: boolean): void {
  const open = leftOver.filter(isEntrance);
  if (open.length > 0 && !prune) {
    throw new Error(
      `the manifests no longer describe ${open.map(nameOf).join(', ')}, which would stay open, while the keys and limits of ` +
        'the services behind may be gone. Add --prune: it removes what is left over, and these first. Nothing was applied',
    );
  }
  if (closed.length === 0) return;
  const commands = closed.map(
    ({ kind, metadata }) => `\`kubectl -n ${metadata!.namespace} delete ${kind!.toLowerCase()} ${metadata!.name}\``,
  );
  throw new Error(
    `${closed.map(nameOf).join(', ')} would no longer be public, but its load balancer stays open for some time, while the keys ` +
      `and limits of the services behind may be gone. Delete it first: ${commands.join(', ')}. Nothing was applied`,
  );
}

function requireMade({ missing }: Plan): void {
  const wanting = missing.filter(({ hasNamespace }) => hasNamespace);
  if (wanting.length === 0) return;
  const how = wanting.some(({ object }) => object.metadata!.name === 'api-keys')
    ? 'manifests/README.md ("Keys") says how the keys are made'
    : `\`kubectl -n NAMESPACE create ${wanting[0]!.object.kind!.toLowerCase()} --help\` shows how it is made`;
  const named = wanting.map(({ object, neededBy }) => `${nameOf(object)} (for ${neededBy})`);
  throw new Error(`the cluster lacks what pods need to start: ${named.join(', ')}. ${how}. Nothing was applied`);
}
