import { annotation, label } from '../state/annotations.ts';
import type { Job } from '../state/kubernetes-objects.ts';
import { containerName } from '../state/kubernetes-objects.ts';
import type { JobChoices } from './job-request.ts';

/** Everything that distinguishes one Job from the template. */
export interface JobIdentity {
  name: string;
  namespace: string;
  /** Whether the Job waits to be resumed. */
  suspend: boolean;
  /** The stamp of its acceptance. */
  accepted: string;
  requestId: string;
  requestHash: string;
  /** The API key's name, where keys are on. */
  client?: string | undefined;
}

/**
 * Fills a Job template. Pure: the same input gives the same Job, and only the fields named here differ from the
 * template, so nothing else that a client sends can reach a Job. What is the same is the template's own, not a copy.
 */
export function buildJob(template: Job, choices: JobChoices, identity: JobIdentity): Job {
  const values: Record<string, string> = {
    DATASET: choices.dataset,
    EPOCHS: String(choices.epochs),
    PRETRAINED: String(choices.pretrained),
  };
  const { metadata, spec } = template;
  const containers = spec!.template.spec!.containers.map((container) =>
    container.name === containerName ? { ...container, env: filled(container.env!, values) } : container,
  );
  const { client } = identity;
  // The pod carries the client too, for those who see pods alone.
  const podTemplate = spec!.template;
  const podAnnotations = { ...podTemplate.metadata?.annotations, [annotation.client]: client! };
  return {
    ...template,
    metadata: {
      ...metadata,
      name: identity.name,
      namespace: identity.namespace,
      labels: {
        ...metadata?.labels,
        [label.dataset]: choices.dataset,
        [label.epochs]: String(choices.epochs),
        [label.pretrained]: String(choices.pretrained),
      },
      annotations: {
        ...metadata?.annotations,
        [annotation.accepted]: identity.accepted,
        [annotation.requestId]: identity.requestId,
        [annotation.requestHash]: identity.requestHash,
        ...(client && { [annotation.client]: client }),
      },
    },
    spec: {
      ...spec!,
      suspend: identity.suspend,
      template: {
        ...podTemplate,
        ...(client && { metadata: { ...podTemplate.metadata, annotations: podAnnotations } }),
        spec: { ...podTemplate.spec!, containers },
      },
    },
  };
}

type Variables = { name: string; value?: string | undefined }[];

function filled(env: Variables, values: Record<string, string>): Variables {
  return env.map((variable) =>
    Object.hasOwn(values, variable.name) ? { name: variable.name, value: values[variable.name]! } : variable,
  );
}
