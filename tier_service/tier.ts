import type { TierName } from './tier-names.ts';

/** What makes one tier differ from another: values only. The code that they are given to is the same. */
export interface Tier {
  /** Its path, and the first part of every name that it gives. */
  name: TierName;
  /** The network that its Jobs run, `TYPE` in the Job template. */
  model: 'ff' | 'cnn';
  /** Where a POST to each path makes its Job; the paths count as places of their own. */
  places: Place[];
  /** Whether its Jobs wait for room in the ResourceQuota of their namespace, or run at once. */
  admission: 'queued' | 'immediate';
  /** The Job template, a YAML file. */
  jobTemplate: URL;
}

export interface Place {
  path: `/${string}`;
  namespace: string;
}

/** What every Job's name begins with, e.g. `free-job-template-`. */
export function jobNamePrefix(tier: Pick<Tier, 'name'>): string {
  return `${tier.name}-job-template-`;
}

/** The namespaces that a tier's Jobs are in, each once. */
export function jobNamespaces(tier: Pick<Tier, 'places'>): string[] {
  return [...new Set(tier.places.map(({ namespace }) => namespace))];
}
