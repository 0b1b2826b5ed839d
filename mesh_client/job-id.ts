import { type TierName, tierNames } from '../tier_service/tier-names.ts';
import { anyOf } from './any-of.ts';
import { usageError } from './exit-codes.ts';

export { type TierName, tierNames };

/**
 * The path of a job. Its id tells the tier.
 *
 * @throws CommandError where the id is none
 */
export function pathOf(id: string): string {
  const tier = tierNames.find((name) => id.startsWith(`${name}-job-template-`));
  if (!tier || !/^[a-z0-9-]+[a-z0-9]$/.test(id)) {
    const prefixes = tierNames.map((name) => `${name}-job-template-`);
    throw usageError(`"${id}" is no job's id; they begin with ${anyOf(prefixes)}`);
  }
  return `/${tier}/jobs/${id}`;
}

/** The tiers that a `--tier` option means: the one named, or all. */
export function tiersFor(name: string | undefined): readonly TierName[] {
  return name === undefined ? tierNames : [name as TierName];
}
