import type { Option } from '../command.ts';
import { tierNames } from '../job-id.ts';

/** `--tier`, for commands that are about both tiers unless told. */
export const tierOption: Option = {
  type: 'string',
  value: 'TIER',
  choices: tierNames,
  help: 'free or premium; both if left out',
};
