import { usageError } from './exit-codes.ts';

export const tierNames = ['free', 'premium'] as const;
export type TierName = (typeof tierNames)[number];

/**
 * The path of a job. Its id tells the tier.
 *
 * @throws CommandError where the id is none
 */
export function pathOf(id: string): string {
  const tier = /^(free|premium)-job-template-[a-z0-9-]+$/.exec(id)?.[1];
  if (!tier) {
    throw usageError(`"${id}" is no job's id; they begin with free-job-template- or premium-job-template-`);
  }
  return `/${tier}/jobs/${id}`;
}

/** The tiers that a `--tier` option means: the one named, or both. */
export function tiersFor(name: string | undefined): readonly TierName[] {
  return name === undefined ? tierNames : [name as TierName];
}
