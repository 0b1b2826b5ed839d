import { anyOf } from '../any-of.ts';
import type { Option } from '../command.ts';
import { tierNames } from '../job-id.ts';

/** `--tier`, for commands that are about all tiers unless one is named. */
export const tierOption: Option = {
  type: 'string',
  value: 'TIER',
  choices: tierNames,
  help: `${anyOf(tierNames)}; all if left out`,
};
