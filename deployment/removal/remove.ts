/** Deletes what a survey has found, in an order in which nothing comes back, and waits until it is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject, V1Namespace } from '@kubernetes/client-node';
import type { StepContext } from '../../local_cluster/install/step-runner.ts';
import { deleteOwn, deleteSelected, resourceOf } from '../cluster/inventory.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { retry } from '../cluster/retry.ts';
import { nameOf } from '../ownership.ts';
import { isGone, type Survey, surveyCluster } from './survey.ts';

/** How to remove. */
export interface Removal extends Pick<StepContext, 'say' | 'signal'> {
  kubectl: Kubectl;
  keepModels: boolean;
  withinMs: number;
  pollMs: number;
}

/**
 * What no longer is of use once the namespaces are gone. Until then the classes and volumes are needed to take volumes
 * apart, and the policies keep others from the Jobs' label.
 */
const isOfTheCluster = ({ metadata }: KubernetesObject) => metadata?.namespace === undefined;

/**
 * Deletes first what lets the services make Jobs in namespaces that stay, then the namespaces and those Jobs, and the
 * objects of the whole cluster when nothing uses them any more. What is made meanwhile, such as the Job of a request that the
 * services have just taken, goes as well. Whoever is interrupted begins again with what is left.
 * @throws Error that says what is still there, after `withinMs`
 */
export async function removeMesh(removal: Removal, found: Survey): Promise<void> {
  const { kubectl, say } = removal;
  const outside = found.objects.filter((object) => !isOfTheCluster(object));
  say('deleting namespaces, jobs and roles');
  await deleteKinds(
    kubectl,
    found,
    outside.filter(({ kind }) => kind === 'RoleBinding'),
  );
  for (const namespace of found.namespaces) await deleteOwn(kubectl, found.kinds, namespace);
  await deleteKinds(
    kubectl,
    found,
    outside.filter(({ kind }) => kind !== 'RoleBinding'),
  );
  await waitUntil(removal, async (survey) => {
    const remaining = survey.objects.filter((object) => !isOfTheCluster(object));
    await deleteKinds(kubectl, survey, remaining.filter(isNew));
    const left = [...survey.namespaces, ...remaining, ...survey.pods];
    return [...left, ...(removal.keepModels ? [] : findDying(survey, found))];
  });
  say('deleting what belongs to the whole cluster');
  await deleteKinds(kubectl, found, found.objects.filter(isOfTheCluster));
  await waitUntil(removal, async (survey) => {
    await deleteKinds(kubectl, survey, survey.objects.filter(isNew));
    return isGone(survey) ? [] : [...survey.namespaces, ...survey.objects];
  });
}

/** Whether nobody has deleted an object yet. */
const isNew = ({ metadata }: KubernetesObject) => metadata?.deletionTimestamp === undefined;

/** Volumes that go with their claims, and are not gone yet. */
function findDying(survey: Survey, found: Survey): KubernetesObject[] {
  const uids = found.volumes
    .filter(({ spec }) => spec?.persistentVolumeReclaimPolicy === 'Delete')
    .map(({ metadata }) => metadata!.uid);
  return survey.allVolumes.filter(({ metadata }) => uids.includes(metadata!.uid));
}

/** One call for each kind in each namespace: there may be a thousand Jobs. */
async function deleteKinds(kubectl: Kubectl, { kinds, kept }: Survey, objects: KubernetesObject[]): Promise<void> {
  const groups = Map.groupBy(objects, (object) => `${object.metadata?.namespace ?? ''} ${resourceOf(kinds, object)}`);
  for (const group of groups.values()) {
    const resource = resourceOf(kinds, group[0]!);
    const keepsSome = kept.some(({ kind }) => kind === group[0]!.kind);
    if (keepsSome) for (const object of group) await deleteOwn(kubectl, kinds, object);
    else await deleteSelected(kubectl, resource, group[0]!.metadata?.namespace);
  }
}

async function waitUntil(
  { kubectl, keepModels, say, signal, withinMs, pollMs }: Removal,
  findLeft: (survey: Survey) => Promise<KubernetesObject[]>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    const look = async () => findLeft(await surveyCluster(kubectl, keepModels));
    const left = await retry(look, { say, signal, pollMs });
    if (left.length === 0) return;
    if (performance.now() > giveUpAt) {
      throw new Error(
        `after ${withinMs / 1000} s there still is ${left.map(nameOf).join(', ')}. ${explainNamespaces(left)}` +
          'Kubernetes goes on deleting; running this again waits on',
      );
    }
    say(describeLeft(left));
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** `waiting for web-tier (3 pods), free-tier, Job default/premium-…`. */
function describeLeft(left: KubernetesObject[]): string {
  const pods = Map.groupBy(
    left.filter(({ kind }) => kind === 'Pod'),
    ({ metadata }) => metadata!.namespace!,
  );
  const count = (namespace: string) => {
    const there = pods.get(namespace)?.length ?? 0;
    return there > 0 ? ` (${there} pod${there === 1 ? '' : 's'})` : '';
  };
  const namespaces = left.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata!.name!);
  const others = left.filter(({ kind, metadata }) => {
    return kind !== 'Namespace' && !(kind === 'Pod' && namespaces.includes(metadata!.namespace!));
  });
  return `waiting for ${[...namespaces.map((name) => `${name}${count(name)}`), ...others.map(nameOf)].join(', ')}`;
}

/** What Kubernetes says of namespaces that do not go, for instance that a finalizer's controller is no longer there. */
function explainNamespaces(left: KubernetesObject[]): string {
  const said = left.flatMap((object) => {
    const conditions = (object as V1Namespace).status?.conditions ?? [];
    const told = object.kind === 'Namespace' ? conditions.filter(({ status }) => status === 'True') : [];
    return told.map(({ message }) => `${object.metadata!.name}: ${message}. `);
  });
  return said.join('');
}
