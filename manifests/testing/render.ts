/** What kustomize makes of the manifests, and how tests look at it. Needs kubectl, so a cluster test's environment. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { KubernetesObject, V1Container, V1DaemonSet, V1Deployment, V1Job } from '@kubernetes/client-node';
import { parseAllDocuments, stringify } from 'yaml';
import { kubectl, pathOf } from './kubectl.ts';

/** What runs pods. */
export type Workload = V1Deployment | V1DaemonSet | V1Job;

/** The names of what is in `overlays` or `components`. */
export function listFolders(kind: 'overlays' | 'components'): Promise<string[]> {
  return readdir(pathOf(kind)).then((names) => names.sort());
}

/** What an overlay and some components are together. */
export async function render(overlay: string, components: string[] = []): Promise<KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kustomize-'));
  const from = (path: string) => relative(folder, pathOf(path));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [from(`./overlays/${overlay}`)],
    components: components.map((name) => from(`./components/${name}`)),
  };
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
  const rendered = await kubectl(['kustomize', folder]);
  await rm(folder, { recursive: true });
  return parseAllDocuments(rendered).map((document) => document.toJS());
}

/** Kind, namespace and name, for messages. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`;
}

/** The objects of a kind. */
export function ofKind<T extends KubernetesObject>(objects: KubernetesObject[], kind: string): T[] {
  return objects.filter((object) => object.kind === kind) as T[];
}

/** Deployments, DaemonSets and Jobs. */
export function workloadsIn(objects: KubernetesObject[]): Workload[] {
  return ['Deployment', 'DaemonSet', 'Job'].flatMap((kind) => ofKind<Workload>(objects, kind));
}

/** All containers of a workload's pods, sidecars included. */
export function containersOf({ spec }: Workload): V1Container[] {
  return [...(spec?.template.spec?.initContainers ?? []), ...spec!.template.spec!.containers];
}
