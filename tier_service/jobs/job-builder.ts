import { annotation, label } from './annotations.ts';
import type { JobChoices } from './job-request.ts';
import { containerName } from './job-template.ts';
import type { Job } from './kubernetes-objects.ts';

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
 * template, so nothing else that a client sends can reach a Job.
 */
export function buildJob(template: Job, choices: JobChoices, identity: JobIdentity): Job {
  const values: Record<string, string> = {
    DATASET: choices.dataset,
    EPOCHS: String(choices.epochs),
    PRETRAINED: String(choices.pretrained),
  };
  const job = structuredClone(template);
  job.metadata = {
    ...job.metadata,
    name: identity.name,
    namespace: identity.namespace,
    labels: { ...job.metadata?.labels, [label.dataset]: choices.dataset },
    annotations: {
      ...job.metadata?.annotations,
      [annotation.accepted]: identity.accepted,
      [annotation.requestId]: identity.requestId,
      [annotation.requestHash]: identity.requestHash,
      ...(identity.client && { [annotation.client]: identity.client }),
    },
  };
  job.spec!.suspend = identity.suspend;
  const container = job.spec!.template.spec!.containers.find(({ name }) => name === containerName)!;
  container.env = container.env!.map((variable) =>
    Object.hasOwn(values, variable.name) ? { name: variable.name, value: values[variable.name]! } : variable,
  );
  return job;
}
