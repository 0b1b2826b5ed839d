/** What there is in a cluster of every kind that can be deleted, the kinds of extensions included. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { ownSelector } from '../ownership.ts';
import type { Kubectl } from './kubectl.ts';

/** A kind of objects. */
export interface Kind {
  /** As kubectl takes it: `deployments.apps`. */
  resource: string;
  apiVersion: string;
  kind: string;
  isNamespaced: boolean;
}

/** Records of what happened, and copies that Kubernetes itself makes of Services with their labels. */
const notOfInterest = ['events', 'events.events.k8s.io', 'endpoints'];

/** Every kind of the cluster that can be listed and deleted. */
export async function listKinds(kubectl: Kubectl): Promise<Kind[]> {
  const table = await kubectl(['api-resources', '--verbs=list,delete', '--no-headers']).catch(takeWhatWasPrinted);
  const kinds = table.trim().split('\n').map(parseKind);
  return kinds.filter(({ resource }) => !notOfInterest.includes(resource));
}

/** An API that an extension serves may be away; the others are listed all the same. */
function takeWhatWasPrinted(error: Error): string {
  const { stdout = '' } = (error.cause ?? {}) as { stdout?: string };
  if (!stdout) throw error;
  return stdout;
}

/** `deployments  deploy  apps/v1  true  Deployment`; the short names may be missing. */
function parseKind(line: string): Kind {
  const words = line.trim().split(/\s+/);
  const [apiVersion, isNamespaced, kind] = words.slice(-3) as [string, string, string];
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  return { resource: `${words[0]}${group}`, apiVersion, kind, isNamespaced: isNamespaced === 'true' };
}

/** All objects with the mesh's label, with their managed fields. */
export async function listLabelled(kubectl: Kubectl, kinds: Kind[]): Promise<KubernetesObject[]> {
  return getList(kubectl, kinds, ['-A', '-l', ownSelector, '--show-managed-fields']);
}

/** All objects of a namespace without the mesh's label. */
export async function listUnlabelled(kubectl: Kubectl, kinds: Kind[], namespace: string): Promise<KubernetesObject[]> {
  const namespaced = kinds.filter(({ isNamespaced }) => isNamespaced);
  return getList(kubectl, namespaced, ['-n', namespace, '-l', ownSelector.replace('=', '!=')]);
}

async function getList(kubectl: Kubectl, kinds: Kind[], args: string[]): Promise<KubernetesObject[]> {
  const resources = kinds.map(({ resource }) => resource).join(',');
  return parseList(await kubectl(['get', resources, ...args, '-o', 'json']));
}

/** The objects that `kubectl … -o json` has printed: none, one, or a list of them. */
export function parseList(printed: string): KubernetesObject[] {
  if (!printed.trim()) return [];
  const parsed = JSON.parse(printed) as KubernetesObject & { items?: KubernetesObject[] };
  return parsed.kind === 'List' ? (parsed.items ?? []) : [parsed];
}

/** Deletes one object, and only if it still carries the mesh's label; what depends on it follows. Waits, if asked to, until it is gone. */
export async function deleteOwn(
  kubectl: Kubectl,
  kinds: Kind[],
  object: KubernetesObject,
  wait?: 'wait',
): Promise<void> {
  const { name = '', namespace } = object.metadata ?? {};
  await deleteSelected(kubectl, resourceOf(kinds, object), namespace, [
    ...['--field-selector', `metadata.name=${name}`],
    ...(wait ? ['--wait=true', '--timeout=600s'] : ['--wait=false']),
  ]);
}

/** Deletes all objects of a kind in a namespace, or in none, that carry the mesh's label. Waits for nothing. */
export async function deleteSelected(
  kubectl: Kubectl,
  resource: string,
  namespace: string | undefined,
  more: string[] = ['--wait=false'],
): Promise<void> {
  const place = namespace === undefined ? [] : ['-n', namespace];
  const how = ['--cascade=background', '--ignore-not-found'];
  await kubectl(['delete', resource, ...place, '-l', ownSelector, ...more, ...how]);
}

/** How kubectl names the kind of an object. */
export function resourceOf(kinds: Kind[], { apiVersion, kind }: KubernetesObject): string {
  const found = kinds.find((one) => one.kind === kind && one.apiVersion === apiVersion);
  if (!found) throw new Error(`the cluster does not list the kind ${kind} of ${apiVersion}`);
  return found.resource;
}
