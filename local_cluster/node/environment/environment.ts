// The environment variables of a container, from everything that a pod may take them from.
import type { V1Container, V1EnvVarSource, V1Pod } from '@kubernetes/client-node';
import { type PodSurroundings, readPodField, readResourceField } from '../references/downward-api.ts';
import { expandVariables } from '../references/expansion.ts';
import type { PodObjects } from '../references/pod-objects.ts';

/** A container that cannot be made as the pod describes it, e.g. because a ConfigMap is missing. It may be tried again. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/**
 * Resolves `envFrom` and `env`, in this order; a value may refer to the ones before it with `$(NAME)`.
 * @throws ContainerConfigError when something that is not optional is missing
 */
export async function resolveEnvironment(
  pod: V1Pod,
  container: V1Container,
  objects: PodObjects,
  around: PodSurroundings,
): Promise<Map<string, string>> {
  const variables = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    const reference = source.configMapRef ?? source.secretRef;
    if (!reference?.name) continue;
    const found = source.configMapRef ? await objects.configMap(reference.name) : await objects.secret(reference.name);
    // One that is there and has nothing in it is no fault.
    if (!found && !reference.optional) throw missing(source.configMapRef ? 'configmap' : 'secret', reference.name);
    const data = source.configMapRef ? found?.data : decodeSecret(found?.data);
    for (const [key, value] of Object.entries(data ?? {})) variables.set(prefix + key, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = valueFrom ? await resolveSource(valueFrom) : expandVariables(value ?? '', variables);
    if (resolved !== undefined) variables.set(name, resolved);
  }
  return variables;

  async function resolveSource(source: V1EnvVarSource): Promise<string | undefined> {
    if (source.fieldRef) return readPodField(source.fieldRef, pod, around);
    if (source.resourceFieldRef) {
      const { initContainers = [], containers } = pod.spec!;
      const owner = source.resourceFieldRef.containerName ?? container.name;
      const named = [...containers, ...initContainers].find(({ name }) => name === owner);
      return readResourceField(source.resourceFieldRef, named ?? container, around);
    }
    const reference = source.configMapKeyRef ?? source.secretKeyRef;
    if (!reference?.name) return undefined;
    const kind = source.configMapKeyRef ? 'configmap' : 'secret';
    const data =
      kind === 'configmap'
        ? (await objects.configMap(reference.name))?.data
        : decodeSecret((await objects.secret(reference.name))?.data);
    const value = data && Object.hasOwn(data, reference.key) ? data[reference.key] : undefined;
    if (value === undefined && !reference.optional) {
      if (!data) throw missing(kind, reference.name);
      throw new ContainerConfigError(
        `couldn't find key ${reference.key} in ${kind} ${pod.metadata!.namespace}/${reference.name}`,
      );
    }
    return value;
  }
}

function missing(kind: string, name: string): ContainerConfigError {
  return new ContainerConfigError(`${kind} "${name}" not found`);
}

function decodeSecret(data: Record<string, string> | undefined): Record<string, string> | undefined {
  if (!data) return undefined;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
