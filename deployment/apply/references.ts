/** The Secrets and ConfigMaps that pods of the manifests need and somebody else has to make, for instance the API keys. */
import type { KubernetesObject, V1Container, V1Deployment, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import type { Kubectl } from '../cluster/kubectl.ts';
import { nameOf } from '../ownership.ts';
import { toManifest } from './apply.ts';

/** Something that pods need and that is not there. */
export interface Missing {
  object: KubernetesObject;
  /** What cannot start without it: `Deployment web-tier/grader-interface`. */
  neededBy: string;
  /** Whether it could be there: its namespace is. */
  hasNamespace: boolean;
}

/** What the pods of the objects need and the objects do not have; of a namespace that is new, it cannot be there. */
export async function findMissing(
  kubectl: Kubectl,
  objects: KubernetesObject[],
  newNamespaces: string[],
): Promise<Missing[]> {
  const needed = findReferences(objects);
  if (needed.length === 0) return [];
  // Names alone: what is in Secrets is nobody's business here.
  const columns = 'custom-columns=:.kind,:.metadata.namespace,:.metadata.name';
  const how = ['--ignore-not-found', '--no-headers', '-o', columns];
  const table = await kubectl(['get', '-f', '-', ...how], toManifest(needed.map(({ object }) => object)));
  const found = table.split('\n').map((line) => line.trim().replace(/^(\S+)\s+(\S+)\s+/, '$1 $2/'));
  return needed
    .filter(({ object }) => !found.includes(nameOf(object)))
    .map((one) => ({ ...one, hasNamespace: !newNamespaces.includes(one.object.metadata!.namespace!) }));
}

/** The Secrets and ConfigMaps that the objects' pods need and that are neither among the objects nor made from them. */
export function findReferences(objects: KubernetesObject[]): Omit<Missing, 'hasNamespace'>[] {
  const made = new Set([...objects, ...objects.flatMap(secretOf)].map(nameOf));
  const found = new Map<string, Omit<Missing, 'hasNamespace'>>();
  for (const owner of objects) {
    const spec = (owner as V1Deployment).spec?.template?.spec;
    for (const [kind, name] of spec ? referencesOf(spec) : []) {
      const object = { apiVersion: 'v1', kind, metadata: { namespace: owner.metadata?.namespace ?? 'default', name } };
      const key = nameOf(object);
      if (made.has(key) || found.has(key) || name === 'kube-root-ca.crt') continue;
      found.set(key, { object, neededBy: nameOf(owner) });
    }
  }
  return [...found.values()];
}

/** cert-manager makes the Secret of a Certificate. */
function secretOf({ kind, metadata, ...rest }: KubernetesObject): KubernetesObject[] {
  const { secretName } = (rest as { spec?: { secretName?: string } }).spec ?? {};
  if (kind !== 'Certificate' || secretName === undefined) return [];
  return [{ kind: 'Secret', metadata: { namespace: metadata?.namespace ?? 'default', name: secretName } }];
}

type Reference = ['Secret' | 'ConfigMap', string];

function referencesOf({ volumes = [], containers, initContainers = [] }: V1PodSpec): Reference[] {
  return [...volumes.flatMap(mounted), ...[...containers, ...initContainers].flatMap(inEnvironment)];
}

function mounted({ secret, configMap, projected }: V1Volume): Reference[] {
  const projections = projected?.sources ?? [];
  return [
    ...reference('Secret', secret && { name: secret.secretName, optional: secret.optional }),
    ...reference('ConfigMap', configMap),
    ...projections.flatMap((one) => [...reference('Secret', one.secret), ...reference('ConfigMap', one.configMap)]),
  ];
}

function inEnvironment({ env = [], envFrom = [] }: V1Container): Reference[] {
  const single = env.map(({ valueFrom }) => [valueFrom?.secretKeyRef, valueFrom?.configMapKeyRef] as const);
  const whole = envFrom.map(({ secretRef, configMapRef }) => [secretRef, configMapRef] as const);
  return [...single, ...whole].flatMap(([secret, configMap]) => [
    ...reference('Secret', secret),
    ...reference('ConfigMap', configMap),
  ]);
}

function reference(
  kind: Reference[0],
  source: { name?: string | undefined; optional?: boolean | undefined } | undefined,
): Reference[] {
  return source?.name === undefined || source.optional ? [] : [[kind, source.name]];
}
