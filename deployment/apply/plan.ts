/** What applying the manifests would do to a cluster, found out without changing anything. */
import type { KubernetesObject, V1Job } from '@kubernetes/client-node';
import { type Kind, listLabelled, parseList } from '../cluster/inventory.ts';
import type { Kubectl } from '../cluster/kubectl.ts';

import { hasOwner, isForeign, wasApplied } from '../ownership.ts';

import { hasFailed, isImmutable, serverSideApply, toManifest } from './apply.ts';
import { findDifferences } from './differences.ts';
import { isClosed } from './entrances.ts';
import { findMissing, type Missing } from './references.ts';
import { groupOf, isJob } from './render.ts';

/** What would be done to each object. */
export interface Plan {
  kinds: Kind[];
  created: KubernetesObject[];
  changed: { object: KubernetesObject; fields: string[] }[];
  /** Jobs that are removed and made anew, since a Job cannot be changed. */
  again: V1Job[];
  unchanged: KubernetesObject[];
  /** What an earlier deployment has applied, and the manifests no longer describe. */
  leftOver: KubernetesObject[];
  /** What the manifests describe and somebody else has made. */
  foreign: KubernetesObject[];
  /** Entrances that are public and would be no longer, but stay open for some time after they were changed. */
  closed: KubernetesObject[];
  /** What the manifests' pods need and nobody has made. */
  missing: Missing[];
  /** Namespaces of the manifests that are on their way out. */
  leaving: string[];
}

/**
 * Compares the objects with the cluster. All but those whose namespace is still to be made go through a dry run of the API
 * server, which knows of no namespace that is not there.
 * @throws Error if the API server would refuse one of them, or does not know its kind
 */
export async function makePlan(kubectl: Kubectl, objects: KubernetesObject[], kinds: Kind[]): Promise<Plan> {
  const [found, labelled] = await Promise.all([readLive(kubectl, objects), listLabelled(kubectl, kinds)]);
  const live = new Map(found.map((object) => [keyOf(object), object]));
  const there = objects.filter((object) => live.has(keyOf(object)));
  const leaving = there.filter(
    (object) => object.kind === 'Namespace' && live.get(keyOf(object))!.metadata?.deletionTimestamp,
  );
  const created = objects.filter((object) => !live.has(keyOf(object)));
  const ready = objects.filter(({ metadata }) => !created.some((one) => isNamespaceOf(one, metadata?.namespace)));
  const foreign = there.filter((object) => isForeign(live.get(keyOf(object))!));
  const own = ready.filter((object) => !foreign.includes(object));
  const compared = await compare(kubectl, leaving.length > 0 ? [] : own, live);
  const newNamespaces = created.flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata!.name!] : []));
  const described = new Set(objects.map(keyOf));
  return {
    kinds,
    created,
    ...compared,
    leftOver: labelled.filter((one) => wasApplied(one) && !hasOwner(one) && !described.has(keyOf(one))),
    foreign,
    closed: there.filter((object) => isClosed(live.get(keyOf(object))!, object)),
    missing: await findMissing(kubectl, objects, newNamespaces),
    leaving: leaving.map(({ metadata }) => metadata!.name!),
  };
}

/** Whether there is anything to apply. */
export function isNothing({ created, changed, again, foreign }: Plan): boolean {
  return created.length + changed.length + again.length + foreign.length === 0;
}

function isNamespaceOf({ kind, metadata }: KubernetesObject, namespace: string | undefined): boolean {
  return kind === 'Namespace' && metadata?.name === namespace;
}

async function readLive(kubectl: Kubectl, objects: KubernetesObject[]): Promise<KubernetesObject[]> {
  const how = ['--ignore-not-found', '--show-managed-fields', '-o', 'json'];
  return parseList(await kubectl(['get', '-f', '-', ...how], toManifest(objects)));
}

/** Jobs go one by one: the one that cannot be changed would hide what the others print. */
async function compare(kubectl: Kubectl, ready: KubernetesObject[], live: Map<string, KubernetesObject>) {
  const dryRun = async (objects: KubernetesObject[]) => {
    if (objects.length === 0) return [];
    return parseList(await serverSideApply(kubectl, objects, '--dry-run=server', '-o', 'json'));
  };
  const [jobs, others] = [ready.filter(isJob), ready.filter((object) => !isJob(object))];
  const again: V1Job[] = [];
  const results = [dryRun(others)];
  for (const job of jobs) {
    const tried = dryRun([job]).catch((error: Error) => {
      if (!isImmutable(job, error)) throw error;
      again.push(job);
      return [];
    });
    results.push(tried);
  }
  const changed: Plan['changed'] = [];
  const unchanged: KubernetesObject[] = [];
  for (const object of (await Promise.all(results)).flat()) {
    const before = live.get(keyOf(object));
    if (!before) continue;
    const fields = findDifferences(before, object);
    if (hasFailed(before)) again.push(object);
    else if (fields.length > 0) changed.push({ object, fields });
    else unchanged.push(object);
  }
  return { changed, unchanged, again };
}

/** Of two versions of a kind, the cluster may give the other than the manifests name. */
function keyOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return [groupOf(apiVersion), kind, metadata?.namespace ?? '', metadata?.name].join(' ');
}
